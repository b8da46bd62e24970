"""Shards: what is written is read back, and a broken render goes on where it stopped."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from skinscore.errors import RequestRefused
from skinscore.imaging.rules import Geometry
from skinscore_training import rules
from skinscore_training.code_digest import code_digest
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.presets import RenderSettings
from skinscore_training.render import Renderer, render
from skinscore_training.skin.crops import RenderedCrops
from tests.training import fake_skin

SETTINGS = RenderSettings(people=3, views=2, people_per_shard=2, workers=1, seed=7)
CROPS = len(rules.GEOMETRY.crops)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rendered")
    assert render(SETTINGS, None, place, fake_skin.render).crops == 3 * CROPS
    return place


def test_a_batch_holds_the_very_crops_that_were_rendered(folder: Path) -> None:
    manifest = shards.read_manifest(folder)
    wanted = [2 * CROPS + 4, 3, CROPS]  # of both shards, out of order
    batch = RenderedDataset(folder, manifest).__getitems__(wanted)
    made = fake_skin.render(range(3), rules.GEOMETRY, 7, 2)
    np.testing.assert_array_equal(batch.crops.numpy(), made.pixels[wanted])
    np.testing.assert_array_equal(batch.masks.numpy(), made.masks[wanted])
    np.testing.assert_array_equal(batch.maps.numpy(), made.maps[wanted])
    np.testing.assert_array_equal(batch.score.numpy(), made.score[wanted])
    assert manifest.loc[wanted, "crop"].tolist() == [made.crop[i] for i in wanted]
    grades = shards.grades_of(manifest.loc[wanted], rules.GEOMETRY.slots)
    np.testing.assert_array_equal(grades, made.grade[wanted])


def test_flat_keeps_views_of_a_crop_together(folder: Path) -> None:
    batch = RenderedDataset(folder, shards.read_manifest(folder)).__getitems__([0, 5])
    crops, masks, targets = batch.flat()
    np.testing.assert_array_equal(crops[2].numpy(), batch.crops[1, 0].numpy())
    np.testing.assert_array_equal(masks[3].numpy(), batch.masks[1, 1].numpy())
    np.testing.assert_array_equal(targets.score[2].numpy(), targets.score[3].numpy())


def counted() -> tuple[list[int], Renderer]:
    """A renderer, and whom it has been asked for."""
    asked: list[int] = []

    def counting(
        subjects: Sequence[int], geometry: Geometry, seed: int, views: int
    ) -> RenderedCrops:
        asked.extend(subjects)
        return fake_skin.render(subjects, geometry, seed, views)

    return asked, counting


def test_a_render_goes_on_at_the_first_missing_shard(tmp_path: Path) -> None:
    asked, counting = counted()
    first = SETTINGS.model_copy(update={"people": 2})
    render(SETTINGS, None, tmp_path, counting)
    (tmp_path / shards.SHARDS / "00001").rename(tmp_path / "elsewhere")
    asked.clear()
    render(SETTINGS, None, tmp_path, counting)
    assert asked == [2]
    asked.clear()
    render(first, None, tmp_path, counting)
    assert asked == [0, 1]  # other settings: from the start


def test_a_stage_before_render_says_what_comes_first(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="stage_input_missing"):
        shards.read_manifest(tmp_path)


def test_what_other_code_rendered_is_rendered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, counting = counted()
    for digest, wanted in (("old", [0, 1, 2]), ("old", []), ("new", [0, 1, 2])):
        asked.clear()
        monkeypatch.setattr("skinscore_training.render.code_digest", lambda _, made=digest: made)
        render(SETTINGS, None, tmp_path, counting)
        assert asked == wanted


def test_a_digest_follows_every_file_of_a_package(tmp_path: Path) -> None:
    package = ModuleType("package")
    package.__path__ = [str(tmp_path)]
    digests = [code_digest(package)]
    for name, content in (("a.py", "1"), ("a.py", "2"), ("b.json", "2")):
        (tmp_path / name).write_text(content)
        digests.append(code_digest(package))
    (tmp_path / "b.json").unlink()
    assert len(set(digests)) == 4
    assert code_digest(package) == digests[2]
