"""Control: the same patient with dark and with grey hair, everything else unchanged."""

from collections.abc import Sequence

import numpy as np

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS
from skinscore_training.progress import track
from skinscore_training.proof.answers import PhotoReader, face_scores
from skinscore_training.proof.findings import Finding, Part, Table, found
from skinscore_training.proof.intervals import Floats, mean, over_subjects
from skinscore_training.proof.sittings import HAIR, Pictured
from skinscore_training.proof.tricks import SHIFT


def read_hair(reader: PhotoReader, patients: Sequence[Pictured]) -> Floats:
    """Return face-level scores (P, 2, 3) with dark and with grey hair; NaN where refused."""
    return np.stack(
        [
            face_scores(
                [reader.read_photo(patient.hair[name].read_bytes(), Gate.WARN) for name in HAIR]
            )
            for patient in track(patients, len(patients), "grey hair")
        ]
    )


def measure(scores: Floats, seed: int) -> Part:
    """Judge the mean shift that grey hair makes.

    Args:
        scores: (P, 2, 3), see :func:`read_hair`.
    """
    findings = tuple(_shift(scores, place, seed) for place in range(len(CONCERNS)))
    rows = tuple(
        (name, *(f"{mean(scores[:, place, column]):.2f}" for column in range(len(CONCERNS))))
        for place, name in enumerate(HAIR)
    )
    return Part(
        name="grey_hair",
        title="Grey hair (rendered patients)",
        method=(
            "Frontal clinic photos of rendered patients, once with dark and once with grey scalp "
            "hair; the automatic exposure may answer, nothing else differs. Face-level score, "
            "gate warn."
        ),
        findings=findings,
        tables=(Table(caption="Mean score", header=("hair", *CONCERNS), rows=rows),),
    )


def _shift(scores: Floats, place: int, seed: int) -> Finding:
    shift = scores[:, 1, place] - scores[:, 0, place]
    shift = shift[~np.isnan(shift)]
    return found(
        "shift",
        abs(mean(shift)),
        over_subjects(lambda drawn: abs(mean(shift[drawn])), len(shift), seed),
        n=len(shift),
        subjects="patients",
        concern=CONCERNS[place],
        target=SHIFT,
    )
