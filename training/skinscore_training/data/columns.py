"""The columns of a manifest, version 1: ``skinscore.manifest/1``.

Long form: one row per photo, zone, concern and rater. Wide form: one row per photo, rater and
scale, with one column per graded zone and concern, named ``cheek_left.wrinkles``. A table of
either form may be CSV (commas, UTF-8) or Parquet. Columns whose name begins with ``x_`` are the
user's own and are not read; any other unknown column is refused.

A grade cell holds a number (``2``, on the engine scale also ``2.5``), an interval (``3..4``: one of
these, not known which), ``not_assessable``, or nothing: nobody graded. Nothing is never grade 0.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, View, Zone
from skinscore_training.data.splits import Part

SCHEMA: Final = "skinscore.manifest/1"
OWN_PREFIX: Final = "x_"
NOT_ASSESSABLE: Final = "not_assessable"


class Form(StrEnum):
    """How grades are laid out."""

    LONG = "long"
    WIDE = "wide"


class SubjectKind(StrEnum):
    """What one value of `subject` stands for."""

    PERSON = "person"
    CASE = "case"  # one contribution; the same person may have made another
    PHOTO = "photo"  # people are not known: the same person may be in several splits


class Use(StrEnum):
    """What the licence and the consent allow."""

    TRAINING = "training"
    EVALUATION_ONLY = "evaluation_only"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    meaning: str
    may_be_absent: bool = False  # a column that is absent is blank in every row
    may_be_blank: bool = False
    of_photo: bool = False  # all rows of one photo say the same
    values: tuple[str, ...] = ()  # what may stand there, where the list is closed


def _choices(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in kind)


COMMON: Final = (
    Column("schema", f"{SCHEMA}, in every row", values=(SCHEMA,)),
    Column("photo", "path relative to the manifest, with slashes"),
    Column("subject", "pseudonym of the person; splits are made by it", of_photo=True),
    Column("subject_kind", "what `subject` stands for", values=_choices(SubjectKind)),
    Column("visit", "visit of that subject", True, True, of_photo=True),
    Column("view", "which way the face looks", True, True, True, _choices(View)),
    Column("px_per_mm", "scale of a close-up", True, True, of_photo=True),
    Column("split", "fixed part of the subject", True, True, True, _choices(Part)),
    Column("rater", "pseudonym of who graded", may_be_blank=True),
    Column("scale", "scale of the grade", may_be_blank=True),
    Column("label_source", "data set or clinic, with its version"),
    Column("licence", "licence note: what it is and what it asks"),
    Column("use", "what licence and consent allow", values=_choices(Use)),
    Column("prelabelled", "model whose suggestion the rater saw", True, True),
)
LONG_ONLY: Final = (
    Column("zone", "zone, by the subject's side", False, True, values=_choices(Zone)),
    Column("concern", "what is graded", False, True, values=_choices(Concern)),
    Column("grade", "grade cell", may_be_blank=True),
    Column("attribute", "what else is known of the photo", True, True),
    Column("value", "value of the attribute", True, True),
)
# What people call a grade of the whole face. No zone is taught by one: see
# docs/decisions/0025-a-grade-of-the-whole-face-teaches-no-zone.md.
WHOLE_FACE: Final = ("face", "whole_face", "full_face", "global", "overall")
WHOLE_FACE_REMEDY: Final = (
    f"grade the zones, or keep it in a column of your own such as {OWN_PREFIX}face"
)
GRADE_COLUMNS: Final = {
    f"{zone}.{concern}": (zone, concern) for zone in ZONES for concern in CONCERNS
}


def columns_of(form: Form) -> tuple[Column, ...]:
    """Return the columns of a form, grade columns of the wide form left out."""
    return (*COMMON, *LONG_ONLY) if form is Form.LONG else COMMON
