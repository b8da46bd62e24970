"""Label Studio: a clinic's own grades, from the raw JSON export (not JSON_MIN, not COCO).

Two ways of asking are understood: one control per zone and concern as ``skinscore train
label-tasks`` lays them out (``cheek_left_wrinkles``), and regions labelled with a zone, whose
control is named after the concern (``wrinkles``, perRegion). Answers are choices or numbers.

- Cancelled annotations are in the export and are no answers. Predictions are the model's, never
  labels; that a grader saw one is kept in ``prelabelled``.
- Every grader is kept, under a keyed pseudonym. Of two annotations of one task by one grader the
  later counts; where several tasks show one photo, the later answer to a zone and concern.
- Photos are found by ``data.sha256``, not by name: upload names are random and may be personal.
- Tasks of skinscore's own say what a subject stands for, the split and the zone of a close-up; for
  other tasks whoever imports says the first.
- Stars begin at 1 and cannot say 0: a rating is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from skinscore.domain.concerns import Concern
from skinscore.domain.document import field_problems, sha256_hex
from skinscore.domain.zones import View, Zone
from skinscore.errors import RequestRefused
from skinscore_training.data import grade_cells, pseudonyms
from skinscore_training.data.importers.base import (
    Dataset,
    Entry,
    Grade,
    Imported,
    Listed,
    Photo,
    Track,
    layout_refused,
    left_out,
)
from skinscore_training.data.importers.label_studio_export import (
    TASKS,
    Annotation,
    Data,
    OwnData,
    Prediction,
    Result,
    Task,
)
from skinscore_training.data.labelling import CONTROLS, TASK_SCHEMA
from skinscore_training.data.scales import Scale

NAME: Final = "label-studio"
REGIONS: Final = ("polygonlabels", "rectanglelabels", "ellipselabels", "brushlabels")

_ZONES: Final = {zone.value: zone for zone in Zone}
_CONCERNS: Final = {concern.value: concern for concern in Concern}
_SHOWN: Final = 5  # tasks named per refusal


@dataclass(frozen=True, slots=True)
class Labelling:
    """What the export itself does not say."""

    dataset: Dataset  # its subject_kind is for tasks that do not say theirs
    scale: Scale
    photos: Path  # folder with the photos, whatever their names
    key: bytes  # for pseudonyms of graders and, unless the tasks are skinscore's own, of subjects


_UNNAMED: Final = "unnamed model"


def read(source: Path, track: Track, labelling: Labelling) -> Imported:
    """Return every grader's grades.

    Raises:
        RequestRefused: ``dataset_layout``, naming tasks by their number.
    """
    try:
        tasks = TASKS.validate_json(source.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        raise _refused(
            f"the export cannot be read ({type(problem).__name__})", "a JSON file"
        ) from None
    except ValidationError as problem:
        raise _refused(
            field_problems(problem)[:500], "the raw JSON export: a list of tasks"
        ) from None
    return _Reading(labelling, _by_hash(labelling.photos, track)).read(tasks)


def _refused(found: str, allowed: str) -> RequestRefused:
    return layout_refused(
        NAME,
        found,
        allowed,
        "Mend it in Label Studio and export the project again as JSON, not JSON_MIN or COCO.",
    )


def _by_hash(folder: Path, track: Track) -> dict[str, Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {sha256_hex(path.read_bytes()): path for path in track(files)}


class _Reading:
    """One export being read; problems are gathered and told together."""

    def __init__(self, labelling: Labelling, photos: Mapping[str, Path]) -> None:
        self._labelling = labelling
        self._photos = photos
        self._problems: dict[str, list[int]] = {}
        self._cancelled = self._superseded = self._repeated = self._foreign = self._lost = 0
        self._older = self._nowhere = 0

    def read(self, tasks: list[Task]) -> Imported:
        found = Imported(self._labelling.dataset)
        for photo, of_photo in self._by_photo(tasks).items():
            found.entries += self._entries(of_photo, photo)
        if self._problems:
            told = [
                f"{what} in {len(where)} tasks ({', '.join(map(str, where[:_SHOWN]))})"
                for what, where in self._problems.items()
            ]
            raise _refused(
                "; ".join(told),
                f"answers {self._labelling.scale.allowed} or not_assessable by choices or numbers; "
                "data with sha256 and subject; --subject-kind where tasks do not say it",
            )
        found.notes += left_out(self._cancelled, "annotations were cancelled: left out")
        found.notes += left_out(self._superseded, "annotations were redone by their grader")
        found.notes += left_out(
            self._repeated, "answers were given again in another task of their photo"
        )
        found.notes += left_out(self._foreign, "answers speak of no zone and concern: left out")
        found.notes += left_out(self._lost, "tasks have no photo with their sha256 in --photos")
        found.notes += left_out(
            self._nowhere, "close-ups have no grade and no zone in their task: left out"
        )
        found.notes += left_out(
            self._older,
            "tasks are older than their field split: where the manifest named one, name it again",
        )
        return found

    def _by_photo(self, tasks: list[Task]) -> dict[Photo, list[Task]]:
        """Return the tasks of each photo: a file of tasks may have been imported twice."""
        photos: dict[Path, Photo] = {}
        grouped: dict[Photo, list[Task]] = {}
        for task in tasks:
            if (photo := self._photo(task)) is None:
                continue
            if photos.setdefault(photo.path, photo) != photo:
                self._problem(task, "another task says other things of the same photo")
            grouped.setdefault(photo, []).append(task)
        return grouped

    def _photo(self, task: Task) -> Photo | None:
        own = task.data.get("schema") == TASK_SCHEMA
        try:
            data = (OwnData if own else Data).model_validate(task.data)
        except ValidationError as problem:
            self._problem(task, f"data: {field_problems(problem)}")
            return None
        path = self._photos.get(data.sha256)
        if path is None:
            self._lost += 1
            return None
        photo = self._said(path, data)
        if photo.subject_kind is None:
            self._problem(task, "nothing says what its subject stands for")
        return photo

    def _said(self, path: Path, data: Data) -> Photo:
        key, visit = self._labelling.key, data.visit or ""
        photo = Photo(
            path=path,
            subject=data.subject,
            visit=visit,
            view=data.view,
            px_per_mm=data.px_per_mm,
            subject_kind=self._labelling.dataset.subject_kind,
        )
        if not isinstance(data, OwnData):
            return replace(
                photo,
                subject=pseudonyms.keyed(key, "subject", data.subject),
                visit=pseudonyms.keyed(key, "visit", visit) if visit else "",
            )
        # The ids come from a manifest and are pseudonyms already.
        self._older += data.subject_kind is None
        kind = data.subject_kind or photo.subject_kind
        return replace(photo, subject_kind=kind, split=data.split, zone=data.zone)

    def _entries(self, tasks: list[Task], photo: Photo) -> Sequence[Entry]:
        given = [(task, annotation) for task in tasks for annotation in self._latest(task)]
        grades: dict[tuple[int, Zone, Concern], Grade] = {}
        seen: dict[int, dict[str, None]] = {}  # what a grader saw once stays seen in a later task
        for task, annotation in sorted(given, key=lambda pair: pair[1].created_at):
            models = seen.setdefault(annotation.grader, {})
            models |= dict.fromkeys(_seen(task.predictions, annotation))
            for grade in self._grades(task, photo, annotation, ", ".join(models)):
                place = annotation.grader, grade.zone, grade.concern
                self._repeated += place in grades
                grades[place] = grade
        if not grades and photo.view is View.CLOSE_UP and photo.zone is None:
            self._nowhere += 1
            return []
        return list(grades.values()) or [Listed(photo)]

    def _latest(self, task: Task) -> list[Annotation]:
        given = [annotation for annotation in task.annotations if not annotation.was_cancelled]
        self._cancelled += len(task.annotations) - len(given)
        latest = {
            annotation.grader: annotation
            for annotation in sorted(given, key=lambda annotation: annotation.created_at)
        }
        self._superseded += len(given) - len(latest)
        return list(latest.values())

    def _grades(self, task: Task, photo: Photo, annotation: Annotation, seen: str) -> list[Grade]:
        zones = self._zones(task, annotation.answers)
        rater = pseudonyms.keyed(self._labelling.key, "rater", str(annotation.grader))
        self._foreign += len(annotation.result) - len(annotation.answers)
        grades: dict[tuple[Zone, Concern], Grade] = {}
        for answer in annotation.answers:
            if answer.type in REGIONS:
                continue
            place = CONTROLS.get(answer.from_name)
            if place is None and answer.from_name in _CONCERNS and answer.id in zones:
                place = zones[answer.id], _CONCERNS[answer.from_name]
            if place is None:
                self._foreign += 1
                continue
            if (cell := self._cell(task, answer, place[1])) is None:
                continue
            if photo.zone not in (None, place[0]):
                self._problem(task, "an answer for another zone than the close-up shows")
            if place in grades:
                self._problem(task, "two answers for one zone and concern")
            grades[place] = Grade(
                photo, *place, self._labelling.scale.name, cell, rater, prelabelled=seen
            )
        return list(grades.values())

    def _zones(self, task: Task, results: list[Result]) -> dict[str, Zone]:
        """Return region id -> zone: a region and its answers share one id."""
        zones = {}
        for region in results:
            if region.type in REGIONS:
                labels = region.value.get(region.type, [])
                if len(labels) != 1 or labels[0] not in _ZONES:
                    self._problem(task, "a region is labelled with no zone")
                else:
                    zones[region.id] = _ZONES[labels[0]]
        return zones

    def _cell(self, task: Task, answer: Result, concern: Concern) -> str | None:
        scale = self._labelling.scale
        text = _text(answer)
        cell = None if text is None else grade_cells.parse(text)
        if answer.type == "rating":
            self._problem(task, "an answer in stars, which cannot say 0")
        elif text is None or cell is None or text == "":
            self._problem(task, "an answer that is no grade")
        elif concern not in scale.concerns:
            self._problem(task, f"{scale.name} does not grade {concern}")
        elif cell.graded and not (scale.holds(cell.low) and scale.holds(cell.high)):
            self._problem(task, f"a grade that is not {scale.allowed} of {scale.name}")
        else:
            return text
        return None

    def _problem(self, task: Task, what: str) -> None:
        tasks = self._problems.setdefault(what, [])
        if task.id not in tasks:
            tasks.append(task.id)


def _text(answer: Result) -> str | None:
    if answer.type == "choices":
        choices = answer.value.get("choices")
        if isinstance(choices, list) and len(choices) == 1 and isinstance(choices[0], str):
            return choices[0]
    if answer.type == "number" and isinstance(number := answer.value.get("number"), int | float):
        return f"{number:g}"
    return None


def _seen(predictions: list[Prediction], annotation: Annotation) -> list[str]:
    """Return the models whose suggestion was there when the grader began to answer.

    An export may leave the suggestions out; an answer made from one says so itself.
    """
    there = [
        prediction.model_version or _UNNAMED
        for prediction in predictions
        if prediction.created_at is None or prediction.created_at <= annotation.created_at
    ]
    if not there and annotation.parent_prediction is not None:
        there = [_UNNAMED]
    return there
