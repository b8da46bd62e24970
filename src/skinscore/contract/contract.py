"""``skinscore.contract/1``: one JSON document inside the ONNX file, no optional field, no default.

Everything that decides a grade and is not arithmetic inside the graph stands here: decode and
colour rules, how faces are cut into crops, the tensor layout, calibration, gate limits. The digest
of its canonical JSON names the model in every document; it covers the weights too, because the
contract carries the digest of the graph.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.document import (
    Disclaimer,
    Document,
    Fraction,
    Positive,
    Sha256,
    canonical_json,
    sha256_hex,
)
from skinscore.domain.zones import ZONES, Zone
from skinscore.imaging.rules import DecodeRules, FaceRules, GateLimits, Geometry

METADATA_KEY = "skinscore.contract"  # in the file's metadata_props: the contract's canonical JSON
DIGEST_KEY = "skinscore.contract_digest"  # sha256 of that text, so that a changed byte shows


ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
ModelVersion = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]  # YYYY-MM-DD


class Identity(Document):
    """Which release this is. A published version number is never used again."""

    name: ModelName
    version: ModelVersion
    precision: Literal["fp32", "int8"]
    released: Day
    licence: str
    changes: tuple[str, ...]  # what a user of the version before should know


class Provenance(Document):
    """Where the weights come from."""

    git_commit: str  # of the training code; "dirty" is part of it when the tree was
    preset: str  # name of the training preset
    seed: int
    manifest_sha256: Sha256  # of the training manifest
    mlflow_run_id: str
    label_source: Literal["rendered", "graded", "rendered+graded"]
    libraries: dict[str, str]  # name -> version; those that trained, and onnx* that exported


class TensorSpec(Document):
    """One input or output of the graph; -1 in ``shape`` is a free dimension."""

    name: str
    dtype: Literal["uint8", "float32"]
    shape: tuple[int, ...]
    meaning: str  # axes and range, in words


class Tensors(Document):
    """The graph's signature. Scaling, normalisation, pooling, softmax, temperature are nodes."""

    crops: TensorSpec
    masks: TensorSpec
    probabilities: TensorSpec
    severity_map: TensorSpec


class ConcernCalibration(Document):
    """How probabilities of one concern become a score and a range."""

    concern: Concern
    temperature: Positive  # already inside the graph; recorded for the reader
    score_knots: tuple[float, float, float, float, float]  # expectation that means 0, 1, 2, 3, 4
    conformal_threshold: Positive  # ranked-probability-score threshold of the likely range

    @model_validator(mode="after")
    def _knots_rise(self) -> Self:
        if any(a >= b for a, b in zip(self.score_knots, self.score_knots[1:], strict=False)):
            raise ValueError("score_knots must rise strictly")
        return self


class Calibration(Document):
    """Calibrated on whom, and how."""

    source: Literal["rendered", "graded"]  # "rendered" carries no guarantee on real photos
    people: int
    coverage: Fraction  # nominal, e.g. 0.9
    concerns: tuple[ConcernCalibration, ...]

    @model_validator(mode="after")
    def _every_concern_once(self) -> Self:
        if tuple(row.concern for row in self.concerns) != CONCERNS:
            raise ValueError("calibration lists every concern once, in the fixed order")
        return self


class IntendedUse(Document):
    """What the model is for, and what it must not be used for."""

    use: str
    limits: tuple[str, ...]
    disclaimer: Disclaimer


class Figure(Document):
    """One measured figure with its interval, on the exported file through ``Grader``."""

    name: str  # e.g. "quadratic_weighted_kappa"
    concern: Concern | Literal["all"]
    dataset: str  # "rendered patients, test split" says that it is rendered
    value: float
    low: float  # 95 %, bootstrap by subject
    high: float
    n: int  # subjects


class GoldenCase(Document):
    """An input made by formula and what the file must answer."""

    formula: Literal["bands", "ramp", "checks"]  # see skinscore.contract.golden
    probabilities: tuple[float, ...]  # first crop: K x 3 x 5 values, row-major
    severity_mean: tuple[float, float, float]  # mean of the first crop's map, per concern


class Golden(Document):
    """The self-test: every case within the tolerance, or the file does not load."""

    tolerance: Positive  # largest absolute difference
    cases: tuple[GoldenCase, ...]


class Contract(Document):
    """The whole promise of a model file."""

    schema_: Literal["skinscore.contract/1"] = Field(alias="schema")
    identity: Identity
    provenance: Provenance
    graph_sha256: Sha256  # of the ONNX graph bytes, weights included
    decode: DecodeRules
    face: FaceRules
    geometry: Geometry
    tensors: Tensors
    concerns: tuple[Concern, ...]
    zones: tuple[Zone, ...]
    grades: tuple[int, ...]
    calibration: Calibration
    gate: GateLimits
    intended_use: IntendedUse
    figures: tuple[Figure, ...]
    golden: Golden

    @model_validator(mode="after")
    def _words_of_this_release(self) -> Self:
        if (self.concerns, self.zones, self.grades) != (CONCERNS, ZONES, GRADES):
            raise ValueError("concerns, zones or grades differ from this release's")
        return self

    def canonical(self) -> str:
        """Return the one text of this contract that is stored and hashed."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))

    @property
    def digest(self) -> str:
        """sha256 (hex) of the canonical text; stands in every document."""
        return sha256_hex(self.canonical())
