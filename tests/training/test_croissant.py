"""Croissant metadata keeps the rules of the format, and names nobody."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training.croissant import About, describe, load_about
from skinscore_training.data.manifest import read_manifest
from tests.training.manifests import long, wide, write

ABOUT = """\
schema: skinscore.dataset/1
name: clinic-faces
version: 1.0.0
description: Faces graded in one clinic.
url: https://clinic.example/faces
license: https://clinic.example/faces/terms
cite_as: Clinic Faces, 2026
published: "2026-11-25"
creators:
  - {kind: organization, name: Example Clinic}
collection: One phone, one room, adults who consented.
annotation: Two dermatologists by the annotation guide, each on their own.
limitations: One region, few people above 60.
"""

# Croissant 1.1, "Dataset-level information": required of every data set.
REQUIRED = {
    *("@context", "@type", "conformsTo", "description", "license", "name", "url", "creator"),
    *("datePublished", "distribution"),
}


@pytest.fixture
def about(tmp_path: Path) -> About:
    path = tmp_path / "about.yaml"
    path.write_text(ABOUT)
    return load_about(path)


def nodes(value: Any) -> list[dict[str, Any]]:
    """Every node of the document that is more than a reference."""
    if isinstance(value, list):
        return [node for item in value for node in nodes(item)]
    if not isinstance(value, dict):
        return []
    inner = [node for name, item in value.items() if name != "@context" for node in nodes(item)]
    return inner if set(value) == {"@id"} else [value, *inner]


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"@id"}:
        return [value["@id"]]
    return [name for key, item in value.items() if key != "@context" for name in references(item)]


@pytest.fixture(params=["long", "wide"])
def document(request: pytest.FixtureRequest, tmp_path: Path, about: About) -> dict[str, Any]:
    rows = (
        [long(photo="smith/a.jpg"), long(photo="smith/a.jpg", rater="r2")]
        if request.param == "long"
        else [wide(photo="smith/a.jpg", **{"chin.wrinkles": "2", "nose.pigmentation": "1"})]
    )
    return describe(read_manifest(write(tmp_path, *rows)), about)


def test_what_the_format_requires_is_there(document: dict[str, Any]) -> None:
    assert document.keys() >= REQUIRED
    assert document["@type"] == "sc:Dataset"
    # The reference reader (mlcroissant 1.1) refuses the http form that the text of 1.1 shows.
    assert document["@context"]["sc"] == "https://schema.org/"
    assert "http://mlcommons.org/croissant/1.1" in document["conformsTo"]
    assert document["creator"] == [{"@type": "sc:Organization", "name": "Example Clinic"}]


def test_ids_are_unique_and_references_lead_somewhere(document: dict[str, Any]) -> None:
    ids = [node["@id"] for node in nodes(document) if "@id" in node]
    assert len(ids) == len(set(ids)) > 0
    assert set(references(document)) <= set(ids)
    assert "manifest" in references(document)


def test_every_term_is_of_a_declared_vocabulary(document: dict[str, Any]) -> None:
    context = document["@context"]
    schema_org = {
        *("name", "description", "url", "license", "version", "datePublished", "creator"),
        *("usageInfo", "distribution", "contentUrl", "contentSize", "encodingFormat", "sha256"),
    }
    for node in nodes(document):
        for term in node:
            prefix, colon, _ = term.partition(":")
            assert (
                term.startswith("@")
                or term in schema_org
                or (prefix in context if colon else term in context)
            ), term


def test_the_manifest_is_described_byte_for_byte(document: dict[str, Any], tmp_path: Path) -> None:
    (file,) = [node for node in nodes(document) if node.get("@type") == "cr:FileObject"]
    data = (tmp_path / file["contentUrl"]).read_bytes()
    assert file["sha256"] == sha256_hex(data)
    assert file["contentSize"] == f"{len(data)} B"
    assert file["encodingFormat"] == "text/csv"


def test_a_manifest_named_in_capitals_is_of_the_same_format(tmp_path: Path, about: About) -> None:
    document = describe(read_manifest(write(tmp_path, long(), name="MANIFEST.CSV")), about)
    (file,) = [node for node in nodes(document) if node.get("@type") == "cr:FileObject"]
    assert (file["name"], file["encodingFormat"]) == ("MANIFEST.CSV", "text/csv")


def test_every_column_is_a_field_with_its_meaning(document: dict[str, Any], tmp_path: Path) -> None:
    (records,) = document["recordSet"]
    header = (tmp_path / "manifest.csv").read_text().splitlines()[0].split(",")
    assert [field["source"]["extract"]["column"] for field in records["field"]] == header
    assert all(field["description"] and field["dataType"] for field in records["field"])


def test_licence_notes_of_the_rows_are_carried_and_no_file_is_named(
    document: dict[str, Any],
) -> None:
    assert document["usageInfo"] == ["clinic, first round: own photos, consent form 3 (training)"]
    assert "smith" not in str(document)


def test_every_photo_is_in_exactly_one_set_of_files_or_counted(
    tmp_path: Path, about: About
) -> None:
    known = ["a.jpg", "b.JPG", "c/IMG_1.PNG", "c/d.png", "e.Jpeg", "f.jfif", "g.JFIF", "h.HEIC"]
    unknown = ["no-ending", "dr.smith"]
    rows = [long(photo=photo) for photo in known + unknown]
    document = describe(read_manifest(write(tmp_path, *rows)), about)
    sets = [node for node in nodes(document) if node.get("@type") == "cr:FileSet"]
    globs = [files["includes"].removeprefix("**/") for files in sets]
    for photo in known:
        assert sum(fnmatchcase(photo.rpartition("/")[2], glob) for glob in globs) == 1, photo
    assert len(globs) == len({Path(photo).suffix for photo in known})
    formats = {files["includes"].lower(): files["encodingFormat"] for files in sets}
    assert formats["**/*.jfif"] == formats["**/*.jpg"] == "image/jpeg"
    (table,) = [node for node in nodes(document) if node.get("@type") == "cr:FileObject"]
    assert f"{len(unknown)} photos belong to no set of files" in table["description"]
    assert "smith" not in str(document)
    ids = [node["@id"] for node in nodes(document) if "@id" in node]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1.0.0", "version: first"),
        ("license: https://clinic.example/faces/terms", "license: ours"),
        ('published: "2026-11-25"', "published: 25.11.2026"),
        ("limitations: One region, few people above 60.\n", ""),
        ("name: clinic-faces", "title: clinic-faces"),
        ("  - {kind: organization, name: Example Clinic}\n", ""),
    ],
)
def test_a_description_that_leaves_something_open_is_refused(
    tmp_path: Path, old: str, new: str
) -> None:
    assert old in ABOUT
    path = tmp_path / "about.yaml"
    path.write_text(ABOUT.replace(old, new))
    with pytest.raises(RequestRefused, match="document_invalid"):
        load_about(path)
