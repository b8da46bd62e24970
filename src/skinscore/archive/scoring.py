"""What a worker process runs: a loader that makes a scorer, once per process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skinscore.domain.assessment import Assessment, Gate

Scores = Callable[[bytes], Assessment]
Loader = Callable[[], Scores]  # picklable: it travels into a fresh process


@dataclass(frozen=True, slots=True)
class GraderLoader:
    """Makes a scorer over a model file.

    One thread per worker: the workers already share the processor among them.
    """

    model: Path | None  # the shipped model when None
    gate: Gate

    def __call__(self) -> Scores:
        """Return the scorer.

        Raises:
            NotReady: the model file or the face models are not fit to grade anything.
        """
        import cv2

        from skinscore.grading.grader import Grader

        cv2.setNumThreads(1)
        return partial(Grader.load(self.model, threads=1).assess, gate=self.gate)
