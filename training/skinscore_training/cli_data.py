"""``skinscore train``: the commands about graded photos, from manifest to Croissant.

Imports stay inside the commands, as in :mod:`skinscore_training.cli`.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.errors import Exit, RequestRefused
from skinscore_training.progress import track

if TYPE_CHECKING:
    from skinscore_training.data.check import Look, Report
    from skinscore_training.data.importers.base import Imported
    from skinscore_training.data.importers.label_studio import Labelling
    from skinscore_training.raters import Estimate, ModelPanel, Panel

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

RESAMPLES: Final = 2000  # of the bootstrap by subject
SEED: Final = 1

app = typer.Typer()

ManifestArgument = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="A .csv or .parquet of graded photos.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
MappingOption = Annotated[
    list[Path] | None,
    typer.Option("--mapping", help="Your own written mapping of a scale (YAML); repeatable."),
]
PredictionsOption = Annotated[
    Path | None,
    typer.Option("--predictions", help="OUT of `skinscore batch` over the same photos."),
]


@app.command("check-manifest")
def check_manifest(
    manifest: ManifestArgument,
    as_json: JsonOption = False,
    faces: Annotated[
        bool, typer.Option("--faces", help="Also find the face in every photo, as training does.")
    ] = False,
    mapping: MappingOption = None,
) -> None:
    """Tell everything that is wrong with a manifest, before any long work.

    Exit code 0 when work may begin (warnings do not forbid it), 2 when not.

      $ skinscore train check-manifest manifest.csv --faces
    """
    from skinscore_training.data.check import check
    from skinscore_training.data.scales import load_mapping

    mappings = [load_mapping(path) for path in mapping or ()]
    report = check(manifest, _face_look() if faces else _decode_look(), _bar("photos"), mappings)
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        _print_report(report)
    if not report.fit:
        _say("manifest_invalid: mend the errors above, then check again.")
        raise typer.Exit(Exit.REFUSED)


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="Which set; an unknown name lists them all.")],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SRC",
            help="Folder as its publisher delivers it; for label-studio the exported JSON file.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="A new manifest, .csv or .parquet.")],
    photos: Annotated[
        Path | None, typer.Option(help="label-studio: folder with the photos.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="label-studio: scale of the grades.")] = None,
    label_source: Annotated[
        str | None, typer.Option(help="label-studio: clinic and version of the labelling.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="label-studio: what licence or consent asks.")
    ] = None,
    use: Annotated[
        str | None, typer.Option(help="label-studio: training or evaluation_only.")
    ] = None,
    subject_kind: Annotated[
        str | None,
        typer.Option(
            help="label-studio: person, case or photo, where tasks do not say what a subject is."
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="label-studio: key for pseudonyms; made when missing.")
    ] = None,
) -> None:
    """Turn a published set or a Label Studio export into a manifest.

    $ skinscore train import nia "028.../1.데이터" --out nia.parquet
    $ skinscore train import label-studio export.json --out clinic.csv \\
        --photos photos/ --scale engine_0_4 \\
        --label-source "Clinic, 2026-11" --licence "consent form 3" \\
        --use training --key-file pseudonyms.key
    """
    from skinscore_training.data import importing, pseudonyms
    from skinscore_training.data.importers import IMPORTERS, label_studio

    importing.require_new(out)
    options: dict[str, Any] = {
        "photos": photos,
        "scale": scale,
        "label-source": label_source,
        "licence": licence,
        "use": use,
        "subject-kind": subject_kind,
        "key-file": key_file,
    }
    if name == label_studio.NAME:
        labelling = _labelling(options)
        imported = label_studio.read(source, _bar("photos"), labelling)
        pseudonyms.keep(options["key-file"], labelling.key)
    elif name in IMPORTERS:
        _forbid(name, options)
        imported = IMPORTERS[name](source, _bar(name))
    else:
        raise RequestRefused(
            "usage",
            f"there is no importer {name!r}",
            f"one of {', '.join([*IMPORTERS, label_studio.NAME])}",
        )
    with _writable():
        written = importing.write(imported, out)
    _say_import(imported, len(written.photos), len(written.grades), out)


@app.command("label-tasks")
def label_tasks(
    manifest: ManifestArgument,
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    image_root: Annotated[
        str, typer.Option("--image-root", help="Where Label Studio finds the manifest's folder.")
    ],
    scale: Annotated[str, typer.Option("--scale", help="Scale of the choices.")],
    concern: Annotated[
        list[Concern] | None, typer.Option("--concern", help="Only this one; repeatable.")
    ] = None,
    predictions: PredictionsOption = None,
) -> None:
    """Write a Label Studio project: OUT/tasks.json and OUT/labelling.xml.

    With --predictions the model's grades are shown as a suggestion. A grade
    given after seeing one is marked as such on import, and is no evidence
    about that model.

      $ skinscore train label-tasks manifest.csv --out project \\
          --image-root '/data/local-files/?d=faces' --scale engine_0_4
    """
    from skinscore_training import runs
    from skinscore_training.data import labelling
    from skinscore_training.data import predictions as batch
    from skinscore_training.data.manifest import read_manifest

    if out.exists():
        raise RequestRefused("output_not_writable", "OUT is there already", "a new folder")
    interface = labelling.interface(_scale(scale), concern or CONCERNS)
    table = read_manifest(manifest)
    hashes = batch.photo_hashes(table, _bar("photos"))
    suggested = None if predictions is None else batch.load(predictions, hashes)
    if suggested is not None and scale != "engine_0_4":
        raise RequestRefused(
            "usage", f"the model does not grade on {scale}", "suggestions need --scale engine_0_4"
        )
    tasks = labelling.tasks(table, hashes, image_root, suggested)
    with _whole_folder(out) as part:
        runs.write_json(part / "tasks.json", tasks)
        runs.write(part / "labelling.xml", interface)
    _say(f"label-tasks: {len(tasks)} tasks; import tasks.json, paste labelling.xml")


@app.command()
def raters(
    manifest: ManifestArgument,
    as_json: JsonOption = False,
    predictions: PredictionsOption = None,
    mapping: MappingOption = None,
    resamples: Annotated[int, typer.Option(min=1, help="Of the bootstrap.")] = RESAMPLES,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = SEED,
) -> None:
    """Report how well the raters agree; with --predictions, the model as one more of them.

    $ skinscore train raters clinic.csv --predictions results
    """
    from skinscore_training import raters as agreement
    from skinscore_training.data import predictions as batch
    from skinscore_training.data.manifest import read_manifest
    from skinscore_training.data.scales import load_mapping
    from skinscore_training.data.targets import engine_votes

    mappings = [load_mapping(path) for path in mapping or ()]
    table = read_manifest(manifest)
    panels = agreement.panels(table, resamples, seed)
    beside: list[ModelPanel] = []
    if predictions is not None:
        votes = engine_votes(table, mappings)
        said = batch.load(predictions, batch.photo_hashes(table, _bar("photos")))
        beside = agreement.model_panels(votes, said.rows, resamples, seed)
    if as_json:
        report = {
            "schema": "skinscore.raters/1",
            "manifest_sha256": table.sha256,
            "resamples": resamples,
            "seed": seed,
            "panels": [agreement.to_json(panel) for panel in panels],
            "model": [agreement.to_json(panel) for panel in beside],
        }
        print(json.dumps(report, indent=2, allow_nan=False))
        return
    if not panels:
        print("No concern was graded by two raters on one scale.")
    for panel in panels:
        _print_panel(panel)
    if predictions is not None and not beside:
        print("The model graded nothing that a rater graded without seeing a suggestion.")
    for model_panel in beside:
        _print_model_panel(model_panel)


@app.command()
def croissant(
    manifest: ManifestArgument,
    about: Annotated[Path, typer.Option("--about", help="What the manifest cannot know (YAML).")],
    out: Annotated[Path, typer.Option("--out", help="Usually beside the manifest.")] = Path(
        "croissant.json"
    ),
) -> None:
    """Write Croissant metadata (MLCommons JSON-LD) of the manifest's data set.

    $ skinscore train croissant clinic.csv --about about.yaml
    """
    from skinscore_training import runs
    from skinscore_training.croissant import describe, load_about
    from skinscore_training.data.manifest import read_manifest

    described = load_about(about)
    document = describe(read_manifest(manifest), described)
    with _writable():
        runs.write_json(out, document)
    _say(f"croissant: {out}")


def _decode_look() -> "Look":
    from skinscore.imaging.decode import decode
    from skinscore_training import rules

    return lambda data, _close_up: decode(data, rules.DECODE)


def _face_look() -> "Look":
    from skinscore.imaging.decode import decode
    from skinscore.imaging.face import FaceFinder
    from skinscore.imaging.face_models import require
    from skinscore.imaging.prepare import Preparer
    from skinscore_training import rules

    finder = FaceFinder(require(), rules.FACE)
    preparer = Preparer(finder, rules.DECODE, rules.FACE, rules.GEOMETRY, rules.GATE)

    def look(data: bytes, close_up: bool) -> object:
        return decode(data, rules.DECODE) if close_up else preparer.prepare(data)

    return look


def _scale(name: str) -> Any:
    from skinscore_training.data.scales import SCALES

    if name not in SCALES:
        raise RequestRefused("usage", f"there is no scale {name!r}", f"one of {', '.join(SCALES)}")
    return SCALES[name]


def _labelling(options: dict[str, Any]) -> "Labelling":
    from skinscore_training.data import pseudonyms
    from skinscore_training.data.columns import SubjectKind, Use
    from skinscore_training.data.importers.base import Dataset
    from skinscore_training.data.importers.label_studio import NAME, Labelling

    kind = options["subject-kind"]  # tasks of skinscore's own say it themselves
    needed = [option for option in options if option != "subject-kind"]
    if missing := [option for option in needed if options[option] is None]:
        raise RequestRefused(
            "usage",
            f"{NAME} needs " + ", ".join(f"--{option}" for option in missing),
            "the export itself says none of this",
        )
    return Labelling(
        dataset=Dataset(
            name=NAME,
            label_source=options["label-source"],
            licence=options["licence"],
            use=_word("use", options["use"], Use),
            subject_kind=None if kind is None else _word("subject-kind", kind, SubjectKind),
            personal_names=True,
        ),
        scale=_scale(options["scale"]),
        photos=options["photos"],
        key=pseudonyms.read_or_draw(options["key-file"]),
    )


def _word(option: str, word: str, words: type[Word]) -> Word:
    allowed = [member.value for member in words]
    if word not in allowed:
        raise RequestRefused("usage", f"--{option} is another word", f"one of {', '.join(allowed)}")
    return words(word)


def _forbid(name: str, options: dict[str, Any]) -> None:
    if given := [option for option, value in options.items() if value is not None]:
        raise RequestRefused(
            "usage",
            f"{name} takes no " + ", ".join(f"--{option}" for option in given),
            "these options are label-studio's; a published set says it itself",
        )


def _say_import(imported: "Imported", photos: int, grades: int, out: Path) -> None:
    from skinscore_training.data.importing import NONE_OF_OURS

    _say(f"import {imported.dataset.name}: {photos} photos, {grades} grades -> {out}")
    for note in imported.notes:
        _say(f"  {note}")
    if not grades:
        _say(f"  {NONE_OF_OURS}")
    if unmapped := _unmapped(imported):
        _say(
            f"  {', '.join(unmapped)}: to train on these, write a mapping to the engine's grades "
            "beside the manifest and name it in photos.mappings of the preset"
        )
    _say(f"  {imported.dataset.use}: {imported.dataset.licence}")


def _unmapped(imported: "Imported") -> list[str]:
    from skinscore_training.data.importers.base import Grade
    from skinscore_training.data.scales import SCALES

    used = {entry.scale for entry in imported.entries if isinstance(entry, Grade)}
    return sorted(name for name in used if SCALES[name].crosswalk is None)


def _print_report(report: "Report") -> None:
    from skinscore_training.data.problems import by_column

    figures = report.to_json()
    named = ("rows", "photos", "subjects", "raters", "grades")
    print(", ".join(f"{figures[name]} {name}" for name in named))
    for column, problems in by_column(report.problems).items():
        print(column)
        for problem in problems:
            print(f"  {problem.severity.value:8}{problem}")
    if len(report.counts):
        print(report.counts.to_string(index=False))
    if report.fit:
        print("fit for work" + (", with warnings" if report.problems else ""))


def _print_panel(panel: "Panel") -> None:
    print(
        f"{panel.concern} on {panel.scale}: {len(panel.raters)} raters, {panel.subjects} subjects, "
        f"{panel.things} zones ({panel.shared} by two or more, {panel.complete} by all)"
    )
    for label, figure in (
        ("quadratic weighted kappa, mean of pairs", panel.kappa),
        ("Krippendorff alpha, ordinal", panel.alpha),
        ("ICC(2,1), zones graded by all", panel.icc),
        ("exact", panel.exact),
        ("within one grade", panel.within_one),
    ):
        print(f"  {label:42}{_figure(figure)}")
    for pair in panel.pairs:
        one, other = pair.raters
        print(
            f"  {one} / {other}: kappa {_figure(pair.kappa)}, exact {pair.exact:.2f}, "
            f"within one {pair.within_one:.2f}, {pair.things} zones of {pair.photos} photos"
        )


def _print_model_panel(beside: "ModelPanel") -> None:
    print("model as one more rater")
    _print_panel(beside.panel)
    print(f"  {'zones that the model did not grade':42}{beside.ungraded}, in no figure here")
    print(f"  {'grades given after seeing a suggestion':42}{beside.anchored}, in no figure here")
    print(f"  {'raters among themselves':42}{_figure(beside.rater_rater)}")
    print(f"  {'model with the raters':42}{_figure(beside.model_rater)}")
    print(f"  {'difference':42}{_figure(beside.difference)}")
    verdict = {True: "yes", False: "no", None: "cannot be said: fewer than two raters"}
    print(f"  {'non-inferior (margin 0.05)':42}{verdict[beside.non_inferior]}")


def _figure(figure: "Estimate") -> str:
    if figure.value != figure.value:  # NaN
        return "not defined"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


class _Bar:
    """Shows a bar on stderr while items are taken."""

    def __init__(self, label: str) -> None:
        self._label = label

    def __call__(self, items: Sequence[T]) -> Iterator[T]:
        return track(items, len(items), self._label)


def _bar(label: str) -> _Bar:
    return _Bar(label)


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise RequestRefused(
            "output_not_writable",
            f"the output cannot be written ({problem.strerror})",
            "a place that may be written",
        ) from None


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """Yield a folder to write in; it becomes ``out`` when everything is in it."""
    part = out.with_name(f"{out.name}.part")
    with _writable():
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        part.replace(out)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
