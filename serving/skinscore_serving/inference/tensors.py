"""Assessments as tensors: photos by zones, a tensor per concern and kind of answer.

What is not graded has -1 in every number, for JSON has no other word for it, and ``false`` in
``assessable``; the reasons stand in the assessment document, which is an output as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from skinscore.domain.assessment import Assessment, ConcernGrade
from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import RequestRefused
from skinscore_serving.inference.protocol import Datatype, OutputTensor, TensorMetadata

NOT_GRADED: Final = -1

Graded = dict[tuple[Zone, Concern], ConcernGrade]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One value, or a few, of every photo, zone and concern."""

    name: str
    datatype: Datatype
    width: int  # values of one grade
    absent: bool | int  # each of them where nothing is graded
    read: Callable[[ConcernGrade], Sequence[Any] | None]

    def of(self, concern: Concern) -> TensorMetadata:
        shape = (-1, len(ZONES), self.width) if self.width > 1 else (-1, len(ZONES))
        return TensorMetadata(name=f"{concern}_{self.name}", datatype=self.datatype, shape=shape)

    def values(self, found: ConcernGrade | None) -> Sequence[Any]:
        told = None if found is None else self.read(found)
        return [self.absent] * self.width if told is None else told


def _one(value: float | None) -> Sequence[Any] | None:
    return None if value is None else (value,)


_KINDS: Final = (
    _Kind("assessable", "BOOL", 1, False, lambda found: (found.assessable,)),
    _Kind("grade", "INT64", 1, NOT_GRADED, lambda found: _one(found.grade)),
    _Kind("score", "FP32", 1, NOT_GRADED, lambda found: _one(found.score)),
    _Kind("probabilities", "FP32", len(GRADES), NOT_GRADED, lambda found: found.probabilities),
    _Kind("likely_range", "INT64", 2, NOT_GRADED, lambda found: found.likely_range),
)
_OF_GRADES: Final = {
    kind.of(concern).name: (kind, concern) for concern in CONCERNS for kind in _KINDS
}
_ZONE: Final = TensorMetadata(name="zone", datatype="BYTES", shape=(len(ZONES),))
_OUTCOME: Final = TensorMetadata(name="outcome", datatype="BYTES", shape=(-1,))
_ASSESSMENT: Final = TensorMetadata(name="assessment", datatype="BYTES", shape=(-1,))

OUTPUTS: Final = {
    tensor.name: tensor
    for tensor in (
        _ZONE,
        *(kind.of(concern) for kind, concern in _OF_GRADES.values()),
        _OUTCOME,
        _ASSESSMENT,
    )
}


def require_outputs(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the outputs to answer with, all when none is asked for.

    Raises:
        RequestRefused: ``bad_request``; an unknown name, or one twice.
    """
    if wanted is None:
        return tuple(OUTPUTS)
    strange = sum(name not in OUTPUTS for name in wanted)
    if strange or len(set(wanted)) < len(wanted) or not wanted:
        raise RequestRefused(
            "bad_request",
            f"{len(wanted)} outputs asked for, {strange} of them unknown, "
            f"{len(set(wanted))} different",
            f"each once: {', '.join(OUTPUTS)}",
        )
    return tuple(wanted)


def tensors_of(assessments: Sequence[Assessment], names: Sequence[str]) -> tuple[OutputTensor, ...]:
    """Return the named outputs of assessments of one photo each."""
    graded = [_graded(assessment) for assessment in assessments]
    return tuple(_tensor(name, assessments, graded) for name in names)


def _tensor(name: str, assessments: Sequence[Assessment], graded: Sequence[Graded]) -> OutputTensor:
    data: list[Any]
    if name in _OF_GRADES:
        kind, concern = _OF_GRADES[name]
        data = [
            value
            for photo in graded
            for zone in ZONES
            for value in kind.values(photo.get((zone, concern)))
        ]
    elif name == _ZONE.name:
        data = [zone.value for zone in ZONES]
    elif name == _OUTCOME.name:
        data = [assessment.photos[0].outcome.value for assessment in assessments]
    else:
        data = [assessment.to_json() for assessment in assessments]
    known = OUTPUTS[name]
    shape = tuple(len(assessments) if length < 0 else length for length in known.shape)
    return OutputTensor(name=name, datatype=known.datatype, shape=shape, data=data)


def _graded(assessment: Assessment) -> Graded:
    return {
        (record.zone, grade.concern): grade
        for record in assessment.zones
        for grade in record.grades
    }
