"""Croissant metadata of a manifest's data set: what it is, for people and for data catalogues.

JSON-LD after the Croissant format 1.1 of MLCommons. It describes the manifest, its columns and its
photos as a whole; it names no photo, no subject and no rater. What the manifest cannot know (what
the set is called, who made it, under which licence it may be shared) stands in a file of the
user's own, with no default for anything.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, ValidationError

from skinscore.domain.document import Document, field_problems
from skinscore.errors import RequestRefused
from skinscore_training.data import tables
from skinscore_training.data.columns import GRADE_COLUMNS, columns_of
from skinscore_training.data.manifest import Manifest

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"
RAI_CONFORMS_TO: Final = "http://mlcommons.org/croissant/RAI/1.0"
FILE: Final = "manifest"
PHOTOS: Final = "photos"
ROWS: Final = "rows"

_ENCODING: Final = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}
_PHOTO_ENCODING: Final = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".heic": "image/heic",
    ".heif": "image/heif",
}
_OWN_TERMS: Final = (  # of the recommended context: Croissant terms that need no prefix
    *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty"),
    *("excludes", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
    *("path", "recordSet", "references", "regex", "readLines", "repeated", "replace"),
    *("samplingRate", "sdVersion", "separator", "source", "subField", "transform"),
    *("unArchive", "value"),
)
CONTEXT: Final[Mapping[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",  # so the reference reader; the text of 1.1 says http
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _OWN_TERMS},
}

Text = Annotated[str, Field(min_length=1)]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Creator(Document):
    """Who made the set."""

    kind: Literal["organization", "person"]
    name: Text


class About(Document):
    """What a manifest cannot know of its set: ``skinscore.dataset/1``, YAML."""

    schema_: Literal["skinscore.dataset/1"] = Field(alias="schema")
    name: Text
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]  # MAJOR.MINOR.PATCH
    description: Text
    url: Url  # page of the set
    license: Url  # of the set as a whole
    cite_as: Text
    published: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    creators: Annotated[tuple[Creator, ...], Field(min_length=1)]
    collection: Text  # how, where and when the photos were taken
    annotation: Text  # who graded, by which guide, how disagreement was handled
    limitations: Text  # whom it does not represent, what it must not be used for


def load_about(path: Path) -> About:
    """Return the description in ``path``.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return About.model_validate_json(json.dumps(content, default=str))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        found = f"the description cannot be read ({type(problem).__name__})"
    except ValidationError as problem:
        found = f"the description has {problem.error_count()} problems: {field_problems(problem)}"
    raise RequestRefused(
        "document_invalid",
        found,
        "YAML with exactly the fields of skinscore.dataset/1",
        "See docs/how-to/train-on-your-own-photos.md.",
    )


def describe(manifest: Manifest, about: About) -> dict[str, Any]:
    """Return the Croissant document of the manifest's set."""
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": [CONFORMS_TO, RAI_CONFORMS_TO],
        "name": about.name,
        "description": about.description,
        "url": about.url,
        "license": about.license,
        "citeAs": about.cite_as,
        "version": about.version,
        "datePublished": about.published,
        "creator": [
            {"@type": f"sc:{creator.kind.title()}", "name": creator.name}
            for creator in about.creators
        ],
        "isLiveDataset": False,
        "usageInfo": _usage(manifest),
        "rai:dataCollection": about.collection,
        "rai:dataAnnotationProtocol": about.annotation,
        "rai:dataLimitations": about.limitations,
        "rai:annotationsPerItem": _annotations_per_item(manifest),
        "rai:personalSensitiveInformation": "Photos of faces with skin conditions; subjects and "
        "raters by pseudonym.",
        "distribution": [_file(manifest), *_photo_sets(manifest)],
        "recordSet": [_record_set(manifest)],
    }


def _usage(manifest: Manifest) -> list[str]:
    """Every licence note of the rows: a set may have rows of several origins."""
    notes = manifest.rows[["label_source", "licence", "use"]].drop_duplicates()
    return [f"{row.label_source}: {row.licence} ({row.use})" for row in notes.itertuples()]


def _annotations_per_item(manifest: Manifest) -> str:
    places = manifest.grades.groupby(["photo", "zone", "concern", "scale"])["rater"].nunique()
    if places.empty:
        return "none"
    return f"{places.min()} to {places.max()} raters per photo, zone and concern"


def _file(manifest: Manifest) -> dict[str, Any]:
    unknown = sum(suffix.lower() not in _PHOTO_ENCODING for suffix in _suffixes(manifest))
    left_out = f" {unknown} photos belong to no set of files: their endings tell no format."
    return {
        "@type": "cr:FileObject",
        "@id": FILE,
        "name": manifest.path.name,
        "description": "The table of photos and grades." + (left_out if unknown else ""),
        "contentUrl": manifest.path.name,
        "contentSize": f"{manifest.path.stat().st_size} B",
        "encodingFormat": _ENCODING[tables.suffix(manifest.path)],
        "sha256": manifest.sha256,
    }


def _photo_sets(manifest: Manifest) -> list[dict[str, Any]]:
    """One set per ending as it is spelt: globs tell capitals. They say nothing of single names,
    so an ending that is no format's is not repeated; it could be part of a name.
    """
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{PHOTOS}{suffix.replace('.', '-')}",
            "name": f"photos{suffix}",
            "description": "Photos, as the manifest's column `photo` names them.",
            "encodingFormat": _PHOTO_ENCODING[suffix.lower()],
            "includes": f"**/*{suffix}",
        }
        for suffix in sorted(set(_suffixes(manifest)))
        if suffix.lower() in _PHOTO_ENCODING
    ]


def _suffixes(manifest: Manifest) -> list[str]:
    return [Path(photo).suffix for photo in manifest.photos["photo"]]


def _record_set(manifest: Manifest) -> dict[str, Any]:
    known = {column.name: column.meaning for column in columns_of(manifest.form)}
    known |= {
        name: f"grade cell: {concern} of {zone}" for name, (zone, concern) in GRADE_COLUMNS.items()
    }
    fields = [_field(name, known[name]) for name in manifest.header]
    return {
        "@type": "cr:RecordSet",
        "@id": ROWS,
        "name": ROWS,
        "description": f"Rows of the manifest in {manifest.form.value} form.",
        "field": fields,
    }


def _field(column: str, meaning: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{ROWS}/{column}",
        "name": column,
        "description": meaning,
        "dataType": "sc:Float" if column == "px_per_mm" else "sc:Text",
        "source": {"fileObject": {"@id": FILE}, "extract": {"column": column}},
    }
