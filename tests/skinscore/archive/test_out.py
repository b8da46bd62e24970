"""The output folder is checked before any work and never half written."""

import os
import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from skinscore.archive.out import make, replace_file, require_usable
from skinscore.errors import Exit, InternalFault, RequestRefused


def test_a_new_an_empty_and_an_earlier_output_are_fine_and_untouched(tmp_path: Path) -> None:
    require_usable(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()
    require_usable(tmp_path)
    (tmp_path / "journal.jsonl").touch()
    (tmp_path / "photos.parquet").touch()
    require_usable(tmp_path)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(RequestRefused, match="other things") as refusal:
        require_usable(tmp_path)
    assert refusal.value.exit_code == Exit.REFUSED
    assert "thesis" not in str(refusal.value)


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_no_output_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / below
    with pytest.raises(RequestRefused, match="output_not_writable"):
        require_usable(out)
    with pytest.raises(RequestRefused, match="output_not_writable"):
        make(out)


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_place_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    for out in (tmp_path, tmp_path / "new"):
        with pytest.raises(RequestRefused, match="cannot be written"):
            require_usable(out)


def test_a_full_disk_is_refused_before_any_work_and_nothing_is_left_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # no file may grow beyond
    try:
        with pytest.raises(RequestRefused, match="OUT cannot be written") as refusal:
            make(tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refusal.value.exit_code == Exit.REFUSED
    assert list((tmp_path / "out").iterdir()) == []
    make(tmp_path / "out")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "table"
    replace_file(path, lambda draft: draft.write_text("old"))

    def run_out_of_space(draft: Path) -> None:
        draft.write_text("ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(InternalFault, match="No space left") as fault:
        replace_file(path, run_out_of_space)
    assert fault.value.exit_code == Exit.FAILED
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_that_names_the_folder_in_its_error_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "Anna Example" / "photos.parquet"  # gone since the run began

    def write(draft: Path) -> None:
        parquet.ParquetWriter(draft, pa.schema({"path": pa.string()}))

    with pytest.raises(InternalFault, match="No such file") as fault:
        replace_file(path, write)
    assert "Anna" not in str(fault.value)


def test_an_interrupted_write_leaves_no_draft(tmp_path: Path) -> None:
    def interrupt(draft: Path) -> None:
        draft.write_text("half a tab")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "table", interrupt)
    assert list(tmp_path.iterdir()) == []
