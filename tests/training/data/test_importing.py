"""An import writes a whole manifest or nothing, and never over another."""

from pathlib import Path

import pytest

from skinscore.errors import RequestRefused
from skinscore_training.data import importing, pseudonyms
from skinscore_training.data.importers import IMPORTERS
from skinscore_training.data.importers.base import Said
from tests.training.data.importers import published


@pytest.mark.parametrize("name", ["out.csv", "out-photos"])
def test_what_is_there_already_is_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(RequestRefused, match="is there already"):
        importing.require_new(tmp_path / "out.csv")


def test_a_name_without_a_kind_of_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="output_not_writable"):
        importing.require_new(tmp_path / "manifest")


def test_when_a_row_is_wrong_nothing_is_written_and_no_photo_copied(tmp_path: Path) -> None:
    published.acne_scu(tmp_path / "src")
    imported = IMPORTERS["acne-scu"](tmp_path / "src", iter)
    imported.entries.append(Said(imported.entries[0].photo, "scar_grade", "3"))
    with pytest.raises(RequestRefused, match="attribute: it is none of"):
        importing.write(imported, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


def test_a_keyed_pseudonym_needs_the_key(tmp_path: Path) -> None:
    key, other = (pseudonyms.read_or_draw(tmp_path / "key") for _ in range(2))
    assert key != other  # nothing is written before the import has succeeded
    pseudonyms.keep(tmp_path / "key", key)
    pseudonyms.keep(tmp_path / "key", other)
    assert pseudonyms.read_or_draw(tmp_path / "key") == key
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert pseudonyms.keyed(key, "rater", "10") != pseudonyms.keyed(other, "rater", "10")
    assert pseudonyms.keyed(key, "rater", "10") != pseudonyms.keyed(key, "subject", "10")


@pytest.mark.parametrize("text", ["secret", "abcd"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(RequestRefused, match="pseudonym_key"):
        pseudonyms.read_or_draw(tmp_path / "key")
