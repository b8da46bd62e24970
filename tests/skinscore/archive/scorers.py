"""A scorer for tests: what a photo's bytes say is what becomes of it.

It stands in a module of its own because worker processes import it by name.
"""

import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from skinscore.archive.scoring import Scores
from skinscore.domain.assessment import Assessment, Outcome
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import ZONES
from skinscore.errors import NotReady, PhotoRefused
from tests.skinscore.factories import (
    make_assessment,
    make_grade,
    make_photo_record,
    make_zone_record,
)


@dataclass(frozen=True)
class Scorer:
    """``folder`` is where it notes each call and finds the file ``mended``."""

    folder: Path
    seconds: float = 0.0  # per photo

    def __call__(self) -> Scores:
        return self.assess

    def assess(self, photo: bytes) -> Assessment:
        sha256 = hashlib.sha256(photo).hexdigest()
        with (self.folder / "calls").open("a") as calls:
            calls.write(sha256 + "\n")
        time.sleep(self.seconds)
        mended = (self.folder / "mended").exists()
        match photo.partition(b" ")[0]:
            case b"crash" if not mended:
                os.kill(os.getpid(), signal.SIGKILL)
            case b"hang":
                time.sleep(600)
            case b"bug" if not mended:
                raise ValueError("shows what is in the photo")
            case b"raise":
                raise PhotoRefused("no_face", "no face", "one face")
            case b"refuse":
                record = make_photo_record(outcome=Outcome.REFUSED, codes=("blurred", "too_dark"))
                return make_assessment(photos=(record,), zones=(), face={})
        grades = hashlib.sha256(photo).digest()
        zones = [
            make_zone_record(
                zone,
                {
                    concern: make_grade(concern, grades[(place + shift) % 32] % 5, width=1)
                    for shift, concern in enumerate(CONCERNS)
                },
            )
            for place, zone in enumerate(ZONES)
        ]
        return make_assessment(zones=zones)

    @property
    def calls(self) -> list[str]:
        """The sha256 of every photo that was scored, in order."""
        path = self.folder / "calls"
        return path.read_text().split() if path.exists() else []


@dataclass(frozen=True)
class Unfit:
    """A scorer that cannot be loaded."""

    def __call__(self) -> Scores:
        raise NotReady("face_models_missing", "no face models", "two files")


@dataclass(frozen=True)
class Spoilt:
    """A scorer that can be loaded once, by one process."""

    folder: Path

    def __call__(self) -> Scores:
        try:
            (self.folder / "loaded").touch(exist_ok=False)
        except FileExistsError:
            raise NotReady("self_test_failed", "another model", "the same model") from None
        return Scorer(self.folder)()


@dataclass(frozen=True)
class Stillborn:
    """A scorer whose loading kills the process."""

    def __call__(self) -> Scores:
        os._exit(3)
