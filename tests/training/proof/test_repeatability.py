"""The same answer to every photo meets the lines; answers that follow the photo do not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore_training.proof import grey_hair
from skinscore_training.proof.answers import PhotoAnswer
from skinscore_training.proof.findings import Part
from skinscore_training.proof.repeatability import flips, measure, prove, repeated
from skinscore_training.proof.sittings import HAIR, Pictured

SHOWN = (Zone.FOREHEAD, Zone.CHIN, Zone.CHEEK_LEFT)
Answer = Callable[[Pictured, int, Zone, Concern], float]


@dataclass(frozen=True, slots=True)
class Remembering:
    """Knows every file, and answers as told."""

    answers: Mapping[bytes, PhotoAnswer]

    def read_photo(self, photo: bytes, gate: Gate) -> PhotoAnswer:
        return self.answers[photo]


@pytest.fixture
def pictured(tmp_path: Path) -> list[Pictured]:
    rng = np.random.default_rng(0)
    patients = []
    for number in range(8):
        paths = []
        for photo in range(4):
            path = tmp_path / f"{number}_{photo}"
            path.write_bytes(f"{number} {photo}".encode())
            paths.append(path)
        truth = {zone: {concern: float(rng.uniform(0, 4)) for concern in CONCERNS} for zone in Zone}
        patients.append(Pictured(number, truth, 0.0, tuple(paths), {}))
    return patients


def reader(patients: list[Pictured], answer: Answer) -> Remembering:
    return Remembering(
        {
            path.read_bytes(): PhotoAnswer(
                graded=True,
                codes=(),
                face={},
                zones={
                    zone: {concern: answer(patient, photo, zone, concern) for concern in CONCERNS}
                    for zone in SHOWN
                },
            )
            for patient in patients
            for photo, path in enumerate(patient.photos)
        }
    )


def judged(part: Part) -> dict[tuple[str, str], list[bool]]:
    out: dict[tuple[str, str], list[bool]] = {}
    for row in part.findings:
        if row.met is not None:
            out.setdefault((row.name, row.group), []).append(row.met)
    return out


def test_the_truth_in_every_photo_meets_every_line(pictured: list[Pictured]) -> None:
    part = prove(reader(pictured, lambda p, _, zone, concern: p.truth[zone][concern]), pictured, 0)
    met = judged(part)
    assert ("icc_2_1", "chin") in met
    assert all(all(values) for values in met.values())
    exact = [row.value for row in part.findings if row.name == "quadratic_weighted_kappa"]
    assert exact == [1.0] * 6


def test_an_answer_that_follows_the_photo_fails(pictured: list[Pictured]) -> None:
    part = prove(reader(pictured, lambda p, photo, zone, concern: float(photo)), pictured, 0)
    assert not any(any(values) for values in judged(part).values())


def rows(scores: list[float], grades: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient": 0,
            "photo": range(len(scores)),
            "zone": "chin",
            "zone_kind": "chin",
            "concern": Concern.WRINKLES.value,
            "truth": 2.0,
            "score": scores,
            "grade": grades,
        }
    )


def test_a_zone_seen_once_says_nothing_about_repeating() -> None:
    once = rows([2.0], [2]).assign(zone="nose")
    assert set(repeated(pd.concat([rows([2.0, 2.1], [2, 2]), once]))["zone"]) == {"chin"}


@pytest.mark.parametrize(("grades", "count"), [([2, 2, 2], 0), ([2, 2, 3], 1), ([1, 2], 1)])
def test_flips_are_counted_against_the_commonest_grade(grades: list[int], count: int) -> None:
    assert flips(np.array(grades)) == count


def test_the_detectable_change_is_that_of_the_scatter_put_in() -> None:
    rng = np.random.default_rng(1)
    every = pd.concat(
        [
            rows(list(2 + 0.2 * rng.standard_normal(5)), [2] * 5).assign(patient=patient)
            for patient in range(300)
        ]
    )
    part = measure({Gate.STRICT: every}, {Gate.STRICT: (1500, 1500)}, 0)
    change = next(
        row.value
        for row in part.findings
        if row.name == "smallest_detectable_change" and row.concern is Concern.WRINKLES
    )
    assert change == pytest.approx(1.96 * np.sqrt(2) * 0.2, rel=0.05)


def test_a_reader_of_hair_fails_the_control_of_grey_hair() -> None:
    same, rising = np.full((5, 2, 3), 1.0), np.full((5, 2, 3), 1.0)
    rising[:, list(HAIR).index("grey")] += 0.5
    assert all(row.met for row in grey_hair.measure(same, 0).findings)
    assert not any(row.met for row in grey_hair.measure(rising, 0).findings)
