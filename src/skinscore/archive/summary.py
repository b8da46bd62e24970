"""``summary.json``: counts over everything in OUT, and what the last run did."""

import platform
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Final, Literal

from pydantic import Field

from skinscore import __version__
from skinscore.archive.records import Settings
from skinscore.domain.assessment import Outcome
from skinscore.domain.document import Document, Sha256
from skinscore.errors import Exit

FILE_NAME: Final = "summary.json"
LIBRARIES: Final = ("numpy", "opencv-python-headless", "onnxruntime", "pillow", "pyarrow")


Ending = Literal["finished", "interrupted", "too_many_errors", "broken_off"]


class RunFigures(Document):
    """What the last run did."""

    ended: Ending
    started_at: Annotated[datetime, Field(strict=False)]
    seconds: float
    files: int  # looked at
    scored: int  # photos that went through the grader
    photos_per_s: float | None  # scored per second, loading included; null when none was
    resumed: int  # files whose outcome was known already
    hidden: int  # left out, the name begins with a dot
    linked_folders: int  # left out, symbolic links
    repeated: int  # left out, the list names the file again
    gone: int  # left out of the tables, known from before and no longer in SOURCE


class Summary(Document):
    """The counts over ``photos.parquet`` and ``grades.parquet``."""

    schema_: Literal["skinscore.batch/1"] = Field(alias="schema")
    settings: Settings
    settings_token: Sha256
    files: int  # rows of photos.parquet
    photos: int  # distinct by their bytes
    grade_rows: int  # rows of grades.parquet
    outcomes: dict[str, int]  # files by outcome, every outcome listed
    codes: dict[str, int]  # files that were not graded, by their deciding code
    versions: dict[str, str]
    run: RunFigures

    @property
    def exit_code(self) -> int:
        """The exit code of the command that ends with this summary."""
        if self.run.ended == "interrupted":
            return Exit.INTERRUPTED
        if self.run.ended == "too_many_errors":
            return Exit.TOO_MANY_ERRORS
        if self.run.ended == "broken_off":
            return Exit.FAILED
        return Exit.OK if self.outcomes[Outcome.GRADED] == self.files else Exit.PARTIAL


def versions() -> dict[str, str]:
    """Return what computed the grades: this library, Python and the libraries of note."""
    ours = {"skinscore": __version__, "python": platform.python_version()}
    return ours | {name: version(name) for name in LIBRARIES}
