"""The Label Studio project that skinscore hands out: its controls, its tasks, their fields.

One control per zone and concern, named ``cheek_left_wrinkles``, with one choice per grade and
``not_assessable``. Choices and not stars: stars begin at 1, and grade 0 could not be given.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, View, Zone
from skinscore_training.data.columns import NOT_ASSESSABLE
from skinscore_training.data.manifest import Manifest
from skinscore_training.data.predictions import Predictions
from skinscore_training.data.scales import Scale

TASK_SCHEMA: Final = "skinscore.label-task/1"
IMAGE: Final = "image"  # name of the picture in the labelling interface, and its field in a task

CONTROLS: Final[Mapping[str, tuple[Zone, Concern]]] = {
    f"{zone}_{concern}": (zone, concern) for zone in ZONES for concern in CONCERNS
}


def interface(scale: Scale, concerns: Sequence[Concern] = CONCERNS) -> str:
    """Return the labelling configuration (XML) for grades of ``scale``."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="Left and right are the subject's.")
    ElementTree.SubElement(view, "Image", name=IMAGE, value=f"${IMAGE}", zoom="true")
    collapse = ElementTree.SubElement(view, "Collapse")
    for zone in ZONES:
        panel = ElementTree.SubElement(collapse, "Panel", value=_words(zone))
        for concern in concerns:
            if concern in scale.concerns:
                _control(panel, f"{zone}_{concern}", concern, scale)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def tasks(
    manifest: Manifest,
    hashes: Mapping[str, str],
    image_root: str,
    predictions: Predictions | None,
) -> list[dict[str, Any]]:
    """Return one task per photo, with the model's grades as a suggestion.

    A task says all that the manifest says of its photo: what it leaves out, the import cannot know.

    Args:
        hashes: sha256 of each photo's bytes, by which the answers find their photo again.
        image_root: where Label Studio finds the manifest's folder, such as
            ``/data/local-files/?d=photos``.
    """
    suggested = _suggestions(predictions)
    zones = _close_up_zones(manifest)
    names = ("photo", "subject", "subject_kind", "visit", "view", "px_per_mm_text", "split")
    columns = (manifest.photos[name] for name in names)
    return [
        {
            "data": {
                "schema": TASK_SCHEMA,
                IMAGE: f"{image_root.rstrip('/')}/{quote(photo)}",
                "sha256": hashes[photo],
                "subject": subject,
                "subject_kind": kind,
                "visit": visit or None,
                "view": view or None,
                "px_per_mm": float(px_per_mm) if px_per_mm else None,
                "zone": zones.get(photo),
                "split": split or None,
            },
            "predictions": suggested.get(photo, []),
        }
        for photo, subject, kind, visit, view, px_per_mm, split in zip(*columns, strict=True)
    ]


def _close_up_zones(manifest: Manifest) -> dict[str, str]:
    """Return the zone of each close-up: it belongs to the photo, graded or not."""
    rows = manifest.rows
    placed = rows[(rows["view"] == View.CLOSE_UP.value) & (rows["zone"] != "")]
    return dict(zip(placed["photo"], placed["zone"], strict=True))


def _suggestions(predictions: Predictions | None) -> dict[str, list[dict[str, Any]]]:
    if predictions is None:
        return {}
    return {
        str(photo): [
            {
                "model_version": predictions.model,
                "result": [
                    {
                        "id": f"{row.zone}_{row.concern}",
                        "from_name": f"{row.zone}_{row.concern}",
                        "to_name": IMAGE,
                        "type": "choices",
                        "value": {"choices": [str(row.grade)]},
                    }
                    for row in rows.itertuples()
                ],
            }
        ]
        for photo, rows in predictions.rows.groupby("photo", sort=False)
    }


def _control(panel: ElementTree.Element, name: str, concern: Concern, scale: Scale) -> None:
    ElementTree.SubElement(panel, "Header", value=_words(concern), size="5")
    choices = ElementTree.SubElement(
        panel, "Choices", name=name, toName=IMAGE, choice="single-radio", showInline="true"
    )
    for grade in range(scale.lowest, scale.highest + 1):
        ElementTree.SubElement(choices, "Choice", value=str(grade))
    ElementTree.SubElement(choices, "Choice", value=NOT_ASSESSABLE)


def _words(name: str) -> str:
    return name.replace("_", " ")
