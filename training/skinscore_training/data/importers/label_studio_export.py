"""The raw JSON export of Label Studio, as far as it is read; other fields are let pass."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from skinscore.domain.document import Sha256
from skinscore.domain.zones import View, Zone
from skinscore_training.data.columns import SubjectKind
from skinscore_training.data.splits import Part


class Grader(BaseModel):
    """Who answered; an export may give the number alone."""

    id: int


class Result(BaseModel):
    """One answer of a control, or one region."""

    id: str
    from_name: str
    type: str
    value: dict[str, Any]


class Nameless(BaseModel):
    """A result of no control, such as a relation between two regions."""

    from_name: None = None
    type: str


class Annotation(BaseModel):
    """What one grader said of a task, at one time."""

    completed_by: int | Grader
    was_cancelled: bool
    created_at: str  # ISO 8601, UTC: text order is time order
    result: list[Result | Nameless]
    parent_prediction: int | None = None  # the suggestion it was made from

    @property
    def answers(self) -> list[Result]:
        return [result for result in self.result if isinstance(result, Result)]

    @property
    def grader(self) -> int:
        return self.completed_by if isinstance(self.completed_by, int) else self.completed_by.id


class Prediction(BaseModel):
    """A model's suggestion."""

    model_config = ConfigDict(protected_namespaces=())
    model_version: str | None = None
    created_at: str | None = None


class Data(BaseModel):
    """The fields of a task that are read; others are the clinic's."""

    sha256: Sha256
    subject: str
    visit: str | None = None
    view: View | None = None
    px_per_mm: float | None = None


class OwnData(Data):
    """What a task of skinscore's own says besides; the earliest did not."""

    subject_kind: SubjectKind | None = None
    split: Part | None = None
    zone: Zone | None = None


class Task(BaseModel):
    """One photo that was to be graded; ``data`` is read as `Data` or `OwnData`."""

    id: int
    data: dict[str, Any]
    annotations: list[Annotation]
    predictions: list[Prediction] = []


TASKS: Final = TypeAdapter(list[Task])
