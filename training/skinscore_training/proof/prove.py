"""``skinscore train prove``: run the parts on one model file and write what they found.

Each part is kept as soon as it is measured, so that parts may be measured one by one and a report
always holds the newest of each for this model, seed and number of people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from skinscore.contract.release import read_model
from skinscore.domain.document import Document, Sha256
from skinscore.errors import RequestRefused
from skinscore.grading.grader import Grader
from skinscore_training import proof, runs, skin
from skinscore_training.code_digest import code_digest
from skinscore_training.proof import (
    distractors,
    dose,
    grey_hair,
    lines,
    perturbed,
    photos,
    pictures,
    repeatability,
    sittings,
    tone,
    tricks,
)
from skinscore_training.proof.answers import GraderReader
from skinscore_training.proof.findings import Part
from skinscore_training.proof.report import Proof, markdown

PORTRAITS_MISSING: Final = "the folder of generated portraits was not given (--sfhq)"
MASKS_MISSING: Final = "the folder of hand-drawn masks was not given (--wrinkle-masks)"
WORKERS: Final = 2  # processes that render patients
# Skins per person asked for: a tone bin needs far more than a mean shift does.
TONE_SKINS: Final = 200
DOSE_SKINS: Final = 3
DISTRACTOR_SKINS: Final = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured, and where things are."""

    model: Path
    out: Path
    rendered: Path  # photos of rendered patients, shared by all models
    people: int
    seed: int
    portraits: Path | None
    masks: Path | None


@dataclass(frozen=True, slots=True)
class Bench:
    """A request with its model loaded."""

    request: Request
    reader: GraderReader
    contract_digest: str

    @classmethod
    def load(cls, request: Request) -> Self:
        return cls(
            request=request,
            reader=GraderReader(Grader.load(request.model)),
            contract_digest=read_model(request.model).digest,
        )

    @property
    def grader(self) -> Grader:
        return self.reader.grader

    @property
    def pictures(self) -> Path:
        return self.request.out / "pictures"

    def patients(self) -> list[sittings.Pictured]:
        return sittings.render_patients(
            self.request.rendered, self.request.people, sittings.USUAL, WORKERS
        )


class Kept(Document):
    """One part with what it was measured on."""

    contract_digest: Sha256
    method_sha256: Sha256  # of the code that measures and renders: another measures anew
    seed: int
    people: int
    part: Part


Outcome = Part | str  # a part, or why it was not measured


def _photos(bench: Bench) -> Outcome:
    if bench.request.portraits is None:
        return PORTRAITS_MISSING
    return photos.prove(bench.reader, bench.request.portraits, bench.request.seed)


def _dose(bench: Bench) -> Outcome:
    request, contract = bench.request, bench.grader.contract
    skins = DOSE_SKINS * request.people
    curves = dose.sweep(bench.reader, contract.geometry, contract.gate, skins, request.seed)
    return dose.measure(curves, request.seed)


def _distractors(bench: Bench) -> Outcome:
    request, contract = bench.request, bench.grader.contract
    skins = DISTRACTOR_SKINS * request.people
    shifts = distractors.add_each(
        bench.reader, contract.geometry, contract.gate, skins, request.seed
    )
    return distractors.measure(shifts, request.seed)


def _tone(bench: Bench) -> Outcome:
    request, contract = bench.request, bench.grader.contract
    skins = TONE_SKINS * request.people
    errors = tone.read_people(bench.reader, contract.geometry, contract.gate, skins, request.seed)
    return tone.measure(errors, request.seed)


def _repeatability(bench: Bench) -> Outcome:
    pictured = bench.patients()
    pictures.patients(pictured[:6], bench.pictures)
    return repeatability.prove(bench.reader, pictured, bench.request.seed)


def _tricks(bench: Bench) -> Outcome:
    request, geometry = bench.request, bench.grader.contract.geometry
    return tricks.measure(
        tricks.ride_each(bench.reader, geometry, request.people, request.seed), request.seed
    )


def _grey_hair(bench: Bench) -> Outcome:
    scores = grey_hair.read_hair(bench.reader, bench.patients())
    return grey_hair.measure(scores, bench.request.seed)


def _perturbed(bench: Bench) -> Outcome:
    if bench.request.portraits is None:
        return PORTRAITS_MISSING
    changed = perturbed.read_changed(bench.reader, bench.request.portraits)
    return perturbed.measure(changed, bench.request.seed)


def _lines(bench: Bench) -> Outcome:
    request = bench.request
    if request.portraits is None:
        return PORTRAITS_MISSING
    if request.masks is None:
        return MASKS_MISSING
    seen = lines.read_faces(bench.grader, request.portraits)
    drawn = lines.drawn_lines(request.masks)
    pictures.line_maps(seen, drawn, bench.pictures)
    return lines.measure(seen, drawn, request.seed)


PARTS: Final[Mapping[str, Callable[[Bench], Outcome]]] = MappingProxyType(
    {
        "photos": _photos,
        "dose": _dose,
        "distractors": _distractors,
        "tone": _tone,
        "repeatability": _repeatability,
        "tricks": _tricks,
        "grey_hair": _grey_hair,
        "perturbed": _perturbed,
        "lines": _lines,
    }
)


def prove(request: Request, only: Sequence[str]) -> Proof:
    """Measure the parts named in ``only`` and write the report of all that are there.

    Writes ``parts/*.json``, ``proof.json``, ``proof.md`` and ``pictures/`` under ``request.out``.

    Raises:
        RequestRefused: ``bad_request`` when a part is not known.
    """
    if unknown := [name for name in only if name not in PARTS]:
        raise RequestRefused(
            "bad_request", f"no part is called {', '.join(unknown)}", f"parts: {', '.join(PARTS)}"
        )
    bench = Bench.load(request)
    missing: dict[str, str] = {}
    for name in only:
        outcome = PARTS[name](bench)
        if isinstance(outcome, str):
            missing[name] = outcome
        else:
            runs.write(_place(request, name), _kept(bench, outcome).to_json() + "\n")
    return write_report(bench, missing)


def draw(request: Request) -> list[Path]:
    """Write the pictures that no part draws: contact sheets, and overlays of portraits."""
    grader = Grader.load(request.model)
    folder = request.out / "pictures"
    written = pictures.contact_sheets(grader.contract.geometry, request.seed, folder)
    if request.portraits is not None:
        written += pictures.portraits(grader, request.portraits, folder)
    return written


def write_report(bench: Bench, missing: Mapping[str, str]) -> Proof:
    """Write ``proof.json`` and ``proof.md`` of the kept parts that fit this request."""
    request, contract = bench.request, bench.grader.contract
    parts, absent = [], {}
    for name in PARTS:
        part = _read(bench, name)
        if part is None:
            absent[name] = missing.get(name, "not asked for yet")
        else:
            parts.append(part)
    written = Proof(
        schema="skinscore.proof/1",
        model=contract.identity.name,
        version=contract.identity.version,
        contract_digest=bench.contract_digest,
        seed=request.seed,
        people=request.people,
        parts=tuple(parts),
        not_measured=absent,
    )
    runs.write(request.out / "proof.json", written.to_json() + "\n")
    runs.write(request.out / "proof.md", markdown(written))
    return written


def _kept(bench: Bench, part: Part) -> Kept:
    return Kept(
        contract_digest=bench.contract_digest,
        method_sha256=code_digest(proof, skin),
        seed=bench.request.seed,
        people=bench.request.people,
        part=part,
    )


def _read(bench: Bench, name: str) -> Part | None:
    """Return the kept part if it was measured on this model, seed and number of people."""
    path = _place(bench.request, name)
    if not path.exists():
        return None
    try:
        kept = Kept.parse(path.read_bytes())
    except RequestRefused:  # of an older release, which kept less beside a part
        return None
    return kept.part if kept == _kept(bench, kept.part) else None


def _place(request: Request, name: str) -> Path:
    return request.out / "parts" / f"{name}.json"
