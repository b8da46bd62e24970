"""The grading scales a manifest may name, and which of them have a written way to the engine scale.

A grade is stored on the scale it was given on and never rescaled by arithmetic: Lemperle 3 is not
3/5 of anything. It becomes training material only by a written mapping, source grade by source
grade, to one engine grade or to an interval of them ("one of these, not known which"). Scales
without a mapping are read, checked and compared between raters, and refused as training targets
with the reason given here; docs/decisions/0019-a-grade-keeps-its-scale.md says why. A user who
has decided on a mapping writes it down, with its basis, in a file of their own
(:class:`ScaleMapping`).

The mappings here are the project's crosswalk, matched by the wording of the published levels; the
shallower side is taken. No published crosswalk is known, and no grader has confirmed this one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

import yaml
from pydantic import Field, ValidationError

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.document import Document, field_problems
from skinscore.errors import RequestRefused

ENGINE: Final = "engine_0_4"

Interval = tuple[int, int]  # engine grades, both included; equal when the grade is known
Crosswalk = Mapping[int, Interval]


@dataclass(frozen=True, slots=True)
class Scale:
    """A grading scale as its authors published it."""

    name: str
    title: str
    concerns: tuple[Concern, ...]  # what it grades
    lowest: int
    highest: int
    crosswalk: Crosswalk | None = None  # from source grade to engine grades
    unmapped: str = ""  # why there is no crosswalk
    halves: bool = False  # whether x.5 may be given

    def holds(self, grade: float) -> bool:
        """Whether ``grade`` is one of this scale."""
        steps = grade * 2 if self.halves else grade
        return self.lowest <= grade <= self.highest and float(steps).is_integer()

    @property
    def allowed(self) -> str:
        """Which grades there are, in words."""
        return f"{self.lowest}..{self.highest}" + (" in halves" if self.halves else "")


def _single(pairs: dict[int, int]) -> Crosswalk:
    return MappingProxyType({source: (engine, engine) for source, engine in pairs.items()})


def _same() -> Crosswalk:
    return _single({grade: grade for grade in GRADES})


_SCARS: Final = (Concern.ACNE_SCARRING,)
_WRINKLES: Final = (Concern.WRINKLES,)
_PIGMENT: Final = (Concern.PIGMENTATION,)
_NO_CROSSWALK: Final = "no crosswalk is published, and grades are not rescaled by arithmetic"

SCALES: Final[Mapping[str, Scale]] = MappingProxyType(
    {
        scale.name: scale
        for scale in (
            Scale(ENGINE, "skinscore engine scale", CONCERNS, 0, 4, _same(), halves=True),
            # -- acne scarring ------------------------------------------------------------------
            Scale(
                "goodman_baron_0_4",
                "Goodman and Baron qualitative (2006), with 0 for no scars",
                _SCARS,
                0,
                4,
                # 1 is flat marks only: a matter of colour, at most a trace of scarring. 3 and 4
                # differ by stretching the skin by hand, which no still photo shows.
                MappingProxyType({0: (0, 0), 1: (0, 1), 2: (2, 2), 3: (3, 4), 4: (3, 4)}),
            ),
            Scale(
                "scar_s_0_5",
                "SCAR-S (Tan 2010), per site",
                _SCARS,
                0,
                5,
                unmapped="its upper grades count the share of the site, which the engine's do not",
            ),
            # -- wrinkles -----------------------------------------------------------------------
            Scale("merz_0_4", "Merz photonumeric, at rest", _WRINKLES, 0, 4, _same()),
            Scale(
                "lemperle_0_5",
                "Lemperle (2001)",
                _WRINKLES,
                0,
                5,
                _single({0: 0, 1: 1, 2: 1, 3: 2, 4: 3, 5: 4}),
            ),
            Scale(
                "rao_goldman_1_5",
                "Rao and Goldman",
                _WRINKLES,
                1,
                5,
                _single({1: 0, 2: 1, 3: 2, 4: 3, 5: 4}),
            ),
            Scale(
                "fitzpatrick_wrinkle_1_9",
                "Fitzpatrick wrinkle and elastosis",
                _WRINKLES,
                1,
                9,
                _single({1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 3, 8: 4, 9: 4}),
            ),
            Scale(
                "glogau_1_4",
                "Glogau photoageing",
                _WRINKLES,
                1,
                4,
                unmapped="it speaks of the whole face and of motion, not of a zone at rest",
            ),
            Scale(
                "nia_wrinkle_0_6",
                "NIA / AI-Hub 71645 wrinkle",
                _WRINKLES,
                0,
                6,
                unmapped=_NO_CROSSWALK,
            ),
            # -- pigmentation -------------------------------------------------------------------
            Scale(
                "mss_0_3",
                "melasma severity scale",
                _PIGMENT,
                0,
                3,
                _single({0: 0, 1: 2, 2: 3, 3: 4}),
            ),
            Scale("iga_pigment_0_4", "IGA of pigmentation, five levels", _PIGMENT, 0, 4, _same()),
            Scale(
                "nia_pigmentation_0_5",
                "NIA / AI-Hub 71645 pigmentation",
                _PIGMENT,
                0,
                5,
                unmapped=_NO_CROSSWALK,
            ),
        )
    }
)


EngineGrade = Annotated[int, Field(ge=GRADES[0], le=GRADES[-1])]


class ScaleMapping(Document):
    """A user's own written mapping of one scale: ``skinscore.scale-mapping/1``, YAML."""

    schema_: Literal["skinscore.scale-mapping/1"] = Field(alias="schema")
    scale: str  # a key of SCALES
    basis: Annotated[str, Field(min_length=20)]  # who decided this, from what, and when
    grades: dict[int, tuple[EngineGrade, EngineGrade]]  # every source grade: lowest, highest


def load_mapping(path: Path) -> ScaleMapping:
    """Return the mapping in ``path``.

    Raises:
        RequestRefused: ``mapping_invalid`` when it is no such document, leaves out a grade of the
            scale or names one too many, or lets a worse source grade be a milder engine grade.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        mapping = ScaleMapping.model_validate_json(json.dumps(content, default=str))
    except OSError:
        raise _mapping_invalid(f"{path.name} cannot be read", "a YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        found = f"{path.name} is no YAML ({type(problem).__name__})"
        raise _mapping_invalid(found, "one mapping") from None
    except ValidationError as problem:
        raise _mapping_invalid(
            f"{path.name} has {problem.error_count()} problems: {field_problems(problem)}",
            "exactly schema, scale, basis and grades",
        ) from None
    return _checked(mapping)


def crosswalks(mappings: Sequence[ScaleMapping]) -> dict[str, Crosswalk]:
    """Return every scale that has a way to the engine scale; a user's mapping goes first."""
    known = {name: scale.crosswalk for name, scale in SCALES.items() if scale.crosswalk is not None}
    own: dict[str, Crosswalk] = {}
    for mapping in mappings:
        if mapping.scale in own:
            raise _mapping_invalid(f"{mapping.scale} is mapped twice", "one mapping per scale")
        own[mapping.scale] = dict(mapping.grades)
    return known | own


def _checked(mapping: ScaleMapping) -> ScaleMapping:
    scale = SCALES.get(mapping.scale)
    if scale is None or scale.name == ENGINE:
        others = ", ".join(name for name in SCALES if name != ENGINE)
        raise _mapping_invalid(f"{mapping.scale!r} is no scale to be mapped", f"one of {others}")
    wanted = list(range(scale.lowest, scale.highest + 1))
    if sorted(mapping.grades) != wanted:
        raise _mapping_invalid(
            f"grades {sorted(mapping.grades)} are mapped", f"{scale.name} has {wanted}"
        )
    ends = [mapping.grades[grade] for grade in wanted]
    if any(low > high for low, high in ends):
        raise _mapping_invalid("an interval runs backwards", "the lowest grade comes first")
    if any(here[0] > there[0] or here[1] > there[1] for here, there in pairwise(ends)):
        raise _mapping_invalid(
            "a worse grade becomes a milder one", "both ends rise with the source grade"
        )
    return mapping


def _mapping_invalid(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("mapping_invalid", f"scale mapping: {found}", allowed)
