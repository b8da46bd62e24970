"""What a worker process runs: a loader that makes a scorer, once per process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skinscore.domain.assessment import Assessment, Gate
from skinscore.errors import NotReady

Scores = Callable[[bytes], Assessment]
Loader = Callable[[], Scores]  # picklable: it travels into a fresh process


@dataclass(frozen=True, slots=True)
class GraderLoader:
    """Makes a scorer over a model file.

    One thread per worker: the workers already share the processor among them.
    """

    model: Path | None  # the shipped model when None
    contract_digest: str  # what the run is recorded under
    gate: Gate

    def __call__(self) -> Scores:
        """Return the scorer.

        Raises:
            NotReady: the model file or the face models are not fit to grade anything, or
                ``contract_digest_mismatch`` when the file was exchanged since the run began.
        """
        import cv2

        from skinscore.grading.grader import Grader

        cv2.setNumThreads(1)
        grader = Grader.load(self.model, threads=1)
        if grader.contract.digest != self.contract_digest:
            raise NotReady(
                "contract_digest_mismatch",
                "the model file was exchanged while the run went on",
                "one run, one model",
                "Put the model back and run again, or use another output folder.",
            )
        return partial(grader.assess, gate=self.gate)
