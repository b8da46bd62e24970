"""Everything that can be wrong with a manifest, found before any long work.

Rows first, then the photos themselves, each read once: is it there, does it decode by the rules
that training uses, has another photo the same bytes? Then what only the whole table shows: names
spelt two ways, raters far apart, grades too rare to be learned, rows that cannot be training
material.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from skinscore.domain.document import sha256_hex
from skinscore.domain.zones import View
from skinscore.errors import PhotoRefused
from skinscore_training.data import grade_cells
from skinscore_training.data.attributes import relative
from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.manifest import Manifest, examine
from skinscore_training.data.problems import Problem, Severity, errors
from skinscore_training.data.scales import SCALES, Crosswalk, ScaleMapping, crosswalks
from skinscore_training.data.splits import Part

FAR_APART: Final = 0.5  # of the scale's length: raters who disagree so much did not see the same
FEW_SUBJECTS: Final = 10  # per concern and grade; fewer give no figure worth reading

Look = Callable[[bytes, bool], object]  # bytes, whether a close-up; raises PhotoRefused
Track = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a check found."""

    manifest: Manifest
    problems: tuple[Problem, ...]
    counts: pd.DataFrame  # concern, scale, grade, rows, photos, subjects

    @property
    def fit(self) -> bool:
        """Whether work may begin; warnings do not forbid it."""
        return not errors(self.problems)

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": "skinscore.manifest-check/1",
            "manifest_sha256": self.manifest.sha256,
            "form": self.manifest.form.value,
            "rows": int(self.manifest.rows["row"].nunique()),
            "photos": int(self.manifest.rows["photo"].nunique()),
            "subjects": int(self.manifest.rows["subject"].nunique()),
            "raters": int(self.manifest.grades["rater"].nunique()),
            "grades": len(self.manifest.grades),
            "fit": self.fit,
            "problems": [problem.to_json() for problem in self.problems],
            "counts": self.counts.to_dict(orient="records"),
        }


def check(
    path: Path,
    look: Look,
    track: Track = iter,
    mappings: Sequence[ScaleMapping] = (),
) -> Report:
    """Return everything that is wrong with the manifest at ``path``.

    Args:
        look: raises PhotoRefused for bytes that are no photo, or not one to train on.
        track: wraps the photos to show progress.
        mappings: the user's own scale mappings.

    Raises:
        RequestRefused: ``manifest_invalid`` when there is no table with a manifest's columns.
    """
    manifest, found = examine(path)
    found += _photos(manifest, look, track)
    found += _names(manifest)
    found += _raters(manifest)
    found += _rare_grades(manifest)
    found += _not_for_training(manifest, crosswalks(mappings))
    return Report(manifest, tuple(found), _counts(manifest))


def _photos(manifest: Manifest, look: Look, track: Track) -> Iterator[Problem]:
    named = manifest.rows["photo"].map(relative).astype(bool)  # others are told by row_rules
    rows_of = manifest.rows[named].groupby("photo", sort=False)["row"]
    rows: Mapping[str, list[int]] = {str(photo): list(rows) for photo, rows in rows_of}
    close_ups = set(manifest.rows.loc[manifest.rows["view"] == View.CLOSE_UP.value, "photo"])
    missing: list[int] = []
    refused: dict[str, list[int]] = {}
    same: dict[str, list[str]] = {}
    for photo in track(list(rows)):
        try:
            data = (manifest.folder / photo).read_bytes()
        except OSError:
            missing += rows[photo]
            continue
        try:
            look(data, photo in close_ups)
        except PhotoRefused as refusal:
            refused.setdefault(refusal.code, []).extend(rows[photo])
        same.setdefault(sha256_hex(data), []).append(photo)
    if missing:
        yield _problem("photo", "missing_file", "the file is not there", missing)
    for code, where in sorted(refused.items()):
        yield _problem("photo", code, f"the photo is refused ({code})", where)
    yield from _twins(manifest, [photos for photos in same.values() if len(photos) > 1], rows)


def _twins(
    manifest: Manifest, twins: list[list[str]], rows: Mapping[str, list[int]]
) -> Iterator[Problem]:
    facts = manifest.photos.set_index("photo")
    for column, message in (
        ("subject", "the same bytes belong to two subjects"),
        ("split", "the same bytes are in two splits"),
    ):
        torn = [photos for photos in twins if facts.loc[photos, column].nunique() > 1]
        if torn:
            where = [row for photos in torn for photo in photos for row in rows[photo]]
            yield _problem(column, "duplicate_bytes", message, where)
    within = [
        row
        for photos in twins
        if facts.loc[photos, "subject"].nunique() == 1
        for photo in photos
        for row in rows[photo]
    ]
    if within:
        message = "the same bytes under two names count twice"
        yield _problem("photo", "duplicate_bytes", message, within, Severity.WARNING)


def _names(manifest: Manifest) -> Iterator[Problem]:
    """Names that differ in case or in how Unicode composes a letter only: people are told apart by
    their names, so one who is spelt two ways may teach and be held out too.
    """
    for column in ("subject", "rater"):
        names = manifest.rows[column]
        folded = names.map(lambda name: unicodedata.normalize("NFC", name).casefold())
        spellings = names.groupby(folded).transform("nunique")
        if len(alike := manifest.rows.loc[spellings > 1, "row"]):
            message = f"each {column} is one name; these differ in upper case or accents' form only"
            yield _problem(column, "spelt_alike", message, list(alike), Severity.WARNING)


def _raters(manifest: Manifest) -> Iterator[Problem]:
    single = manifest.grades[manifest.grades["low"] == manifest.grades["high"]]
    single = single[single["scale"].isin(list(SCALES))]
    by_place = single.groupby(["photo", "zone", "concern", "scale"])["low"]
    spread = by_place.transform("max") - by_place.transform("min")
    length = single["scale"].map(lambda name: SCALES[name].highest - SCALES[name].lowest)
    if len(far := single.loc[spread > FAR_APART * length, "row"]):
        message = f"raters are more than {FAR_APART:.0%} of the scale apart"
        yield _problem("grade", "raters_far_apart", message, list(far), Severity.WARNING)
    if len(seen := manifest.grades.loc[manifest.grades["prelabelled"] != "", "row"]):
        message = "the rater saw a model's suggestion: no evidence about that model"
        yield _problem("prelabelled", "anchored", message, list(seen), Severity.WARNING)


def _rare_grades(manifest: Manifest) -> Iterator[Problem]:
    grades = manifest.grades[manifest.grades["scale"].isin(list(SCALES))]
    for (concern, name), votes in grades.groupby(["concern", "scale"]):
        scale = SCALES[str(name)]
        rare = {
            grade: count
            for grade in range(scale.lowest, scale.highest + 1)
            if (count := _subjects_near(votes, grade)) < FEW_SUBJECTS
        }
        if rare:
            few = ", ".join(f"grade {grade}: {count}" for grade, count in rare.items())
            yield _problem(
                "grade",
                "rare_grade",
                f"fewer than {FEW_SUBJECTS} subjects per grade of {concern} on {name} ({few})",
                [],
                Severity.WARNING,
            )


def _subjects_near(votes: pd.DataFrame, grade: int) -> int:
    """How many subjects have this grade, a half counting for both neighbours."""
    touches = (np.floor(votes["low"]) <= grade) & (grade <= np.ceil(votes["high"]))
    return int(votes.loc[touches, "subject"].nunique())


def _not_for_training(manifest: Manifest, ways: Mapping[str, Crosswalk]) -> Iterator[Problem]:
    rows = manifest.rows
    if len(only := rows.loc[rows["use"] == Use.EVALUATION_ONLY.value, "row"]):
        message = "these rows are for evaluation only; training refuses them"
        yield _problem("use", "evaluation_only", message, list(only), Severity.WARNING)
    named = set(rows["split"]) - {""}
    if named and (empty := [part.value for part in Part if part.value not in named]):
        message = f"the split names nobody for {', '.join(empty)}; training refuses it"
        yield _problem("split", "empty_part", message, [], Severity.WARNING)
    kinds = {SubjectKind.CASE.value, SubjectKind.PHOTO.value}
    if len(loose := rows.loc[rows["subject_kind"].isin(kinds), "row"]):
        message = "people are not known: a split by `subject` is not disjoint by person"
        yield _problem("subject_kind", "not_persons", message, list(loose), Severity.WARNING)
    for name, votes in manifest.grades.groupby("scale"):
        if (scale := SCALES.get(str(name))) and scale.name not in ways:
            message = (
                f"{name} has no way to the engine scale: {scale.unmapped}; training asks for a "
                "mapping of yours (photos.mappings of the preset)"
            )
            where = list(votes["row"])
            yield _problem("scale", "not_mapped", message, where, Severity.WARNING)


def _counts(manifest: Manifest) -> pd.DataFrame:
    grades = manifest.grades
    ends = zip(grades["low"], grades["high"], strict=True)
    cell = [grade_cells.write(low, high) for low, high in ends]
    table = grades.assign(cell=cell).groupby(["concern", "scale", "cell"])
    return table.agg(
        rows=("row", "size"), photos=("photo", "nunique"), subjects=("subject", "nunique")
    ).reset_index(names=["concern", "scale", "grade"])


def _problem(
    column: str,
    code: str,
    message: str,
    rows: Sequence[int],
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(column, code, message, tuple(sorted({int(row) for row in rows})), severity)
