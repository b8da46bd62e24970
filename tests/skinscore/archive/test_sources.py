"""Which files SOURCE names."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from skinscore.archive.sources import Listing, list_photos
from skinscore.errors import Exit, RequestRefused
from tests.skinscore.archive.archives import make_archive


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "in", b="1", a="2", sub__c="3", sub__deep__d="4")


def names(listing: Listing) -> list[str]:
    return [file.name for file in listing.files]


def test_a_folder_is_listed_with_its_subfolders_in_order(source: Path, tmp_path: Path) -> None:
    listing = list_photos(source, tmp_path / "out")
    assert names(listing) == ["a.jpg", "b.jpg", "sub/c.jpg", "sub/deep/d.jpg"]
    assert [file.path.read_text() for file in listing.files] == ["2", "1", "3", "4"]


def test_every_extension_counts(source: Path, tmp_path: Path) -> None:
    for name in ("notes.docx", "noextension", "IMG.HEIC"):
        (source / name).touch()
    assert {"notes.docx", "noextension", "IMG.HEIC"} <= set(
        names(list_photos(source, tmp_path / "out"))
    )


def test_hidden_names_are_left_out_and_counted(source: Path, tmp_path: Path) -> None:
    (source / ".DS_Store").touch()
    (source / ".thumbs").mkdir()
    (source / ".thumbs" / "t.jpg").touch()
    listing = list_photos(source, tmp_path / "out")
    assert (len(listing.files), listing.hidden) == (4, 2)


def test_the_output_folder_is_never_read(source: Path) -> None:
    out = source / "sub" / "results"
    out.mkdir()
    (out / "photos.parquet").touch()
    assert len(list_photos(source, out).files) == 4
    assert len(list_photos(source, source / "sub" / "other").files) == 5


def test_the_output_may_not_be_the_source(source: Path) -> None:
    with pytest.raises(RequestRefused, match="same folder"):
        list_photos(source, source / "sub" / "..")


def test_links_to_files_are_followed_and_links_to_folders_are_counted(
    source: Path, tmp_path: Path
) -> None:
    (source / "link.jpg").symlink_to(source / "a.jpg")
    (source / "loop").symlink_to(source)
    listing = list_photos(source, tmp_path / "out")
    assert "link.jpg" in names(listing)
    assert (len(listing.files), listing.linked_folders) == (5, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600], ids=["closed", "not listed", "not entered"])
def test_a_folder_that_cannot_be_read_is_refused_without_its_name(
    source: Path, tmp_path: Path, mode: int
) -> None:
    (source / "sub").chmod(mode)
    with pytest.raises(RequestRefused, match="folder inside SOURCE cannot be read") as refusal:
        list_photos(source, tmp_path / "out")
    (source / "sub").chmod(0o700)
    assert (refusal.value.code, refusal.value.exit_code) == ("source_invalid", Exit.REFUSED)
    assert "sub" not in str(refusal.value)


def test_one_photo_is_an_archive_of_one(source: Path, tmp_path: Path) -> None:
    listing = list_photos(source / "a.jpg", tmp_path / "out")
    assert names(listing) == ["a.jpg"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_lists_in_every_form_name_the_same_files(
    source: Path, tmp_path: Path, newline: str, mark: str
) -> None:
    paths = ["in/b.jpg", "in/a.jpg", "in/b.jpg"]
    text = mark + newline.join(paths) + newline
    (tmp_path / "list.txt").write_bytes(text.encode())
    rows = "".join(f"x,{path}{newline}" for path in paths)
    (tmp_path / "list.csv").write_bytes(f"{mark}subject,path{newline}{rows}".encode())
    parquet.write_table(pa.table({"subject": [1, 2, 3], "path": paths}), tmp_path / "list.parquet")
    for kind in ("txt", "csv", "parquet"):
        listing = list_photos(tmp_path / f"list.{kind}", tmp_path / "out")
        assert names(listing) == ["in/a.jpg", "in/b.jpg"], kind
        assert [file.path.read_text() for file in listing.files] == ["2", "1"], kind
        assert listing.repeated == 1, kind


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("l.csv", b"file,subject\na.jpg,1\n", "0 of the list's 2 columns", id="column"),
        pytest.param("l.csv", b"path;subject\na.jpg;1\n", "separated by commas", id="semicolons"),
        pytest.param("l.csv", b"path,x\na.jpg,1\n,2\n,3\n", "2 rows .* row 3", id="blank rows"),
        pytest.param("l.csv", b"", "0 of the list's 0 columns", id="empty"),
        pytest.param("l.txt", b"caf\xe9.jpg\n", "UnicodeDecodeError", id="latin-1"),
        pytest.param("l.txt", "a.jpg\n".encode("utf-16-le"), "NUL", id="utf-16"),
        pytest.param("l.parquet", b"PAR0", "not a Parquet file", id="not parquet"),
    ],
)
def test_a_list_that_cannot_be_understood_is_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestRefused, match=said) as refusal:
        list_photos(tmp_path / name, tmp_path / "out")
    assert (refusal.value.code, refusal.value.exit_code) == ("source_invalid", Exit.REFUSED)


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array([b"a.jpg"]), id="binary"),
        pytest.param(pa.array([7]), id="numbers"),
        pytest.param(pa.array([["a.jpg"]]), id="lists"),
    ],
)
def test_a_parquet_column_that_is_no_text_is_refused(tmp_path: Path, column: pa.Array) -> None:
    parquet.write_table(pa.table({"path": column}), tmp_path / "l.parquet")
    with pytest.raises(RequestRefused, match=r"is of type .*; text") as refusal:
        list_photos(tmp_path / "l.parquet", tmp_path / "out")
    assert (refusal.value.code, refusal.value.exit_code) == ("source_invalid", Exit.REFUSED)
    assert "a.jpg" not in str(refusal.value)


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array(["a.jpg"], pa.large_string()), id="large"),
        pytest.param(pa.array(["a.jpg"]).dictionary_encode(), id="categories"),
    ],
)
def test_text_of_every_kind_is_read_from_parquet(tmp_path: Path, column: pa.Array) -> None:
    parquet.write_table(pa.table({"path": column}), tmp_path / "l.parquet")
    assert names(list_photos(tmp_path / "l.parquet", tmp_path / "out")) == ["a.jpg"]


def test_a_parquet_list_in_a_folder_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with (folder / "l.parquet").open("wb") as file:
        parquet.write_table(pa.table({"path": ["a.jpg"]}), file)
    assert names(list_photos(folder / "l.parquet", tmp_path / "out")) == ["a.jpg"]


@pytest.mark.parametrize("blank", [None, " "], ids=["null", "space"])
def test_a_blank_parquet_row_is_refused(tmp_path: Path, blank: str | None) -> None:
    parquet.write_table(pa.table({"path": [blank]}), tmp_path / "l.parquet")
    with pytest.raises(RequestRefused, match="1 rows name no file"):
        list_photos(tmp_path / "l.parquet", tmp_path / "out")


def test_a_source_that_is_not_there_is_refused_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="neither") as refusal:
        list_photos(tmp_path / "secret", tmp_path / "out")
    assert "secret" not in str(refusal.value)


def test_a_name_that_is_not_utf_8_still_fits_into_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    raw = os.fsencode(folder) + b"/caf\xe9.jpg"
    with open(raw, "w") as file:  # noqa: PTH123 - a path of bytes
        file.write("5")
    (file_,) = list_photos(folder, tmp_path / "out").files
    assert file_.name == "caf\\xe9.jpg"
    assert file_.path.read_text() == "5"


def test_a_name_that_looks_like_a_replaced_one_is_a_file_of_its_own(tmp_path: Path) -> None:
    folder = make_archive(tmp_path / "in")
    contents = {b"caf\xe9.jpg": "1", rb"caf\xe9.jpg": "2", rb"caf\x5cxe9.jpg": "3", rb"a\b": "4"}
    for name, content in contents.items():
        with open(os.fsencode(folder) + b"/" + name, "w") as file:  # noqa: PTH123 - a path of bytes
            file.write(content)
    listing = list_photos(folder, tmp_path / "out")
    assert {file.name: file.path.read_text() for file in listing.files} == {
        r"caf\xe9.jpg": "1",
        r"caf\x5cxe9.jpg": "2",
        r"caf\x5cx5cxe9.jpg": "3",
        r"a\b": "4",
    }
    assert listing.repeated == 0
