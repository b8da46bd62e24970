"""Contact sheets: pictures for people to judge the renderer by."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.imaging.rules import Geometry
from skinscore_training.skin.conditions import Wanted
from skinscore_training.skin.crops import draw_view, shoot
from skinscore_training.skin.subject import make_subject


def contact_sheet(
    geometry: Geometry,
    concern: Concern,
    *,
    plans: tuple[str, ...],
    tones_deg: tuple[float, ...] = (50.0, 15.0, -35.0),
    seed: int = 0,
    native_px_per_mm: float | None = None,
) -> NDArray[np.uint8]:
    """Return one picture (H,W,3): a row per plan and tone, a column per grade 0-4.

    Along a row only the wanted severity of ``concern`` changes; the other concerns are absent.

    Args:
        native_px_per_mm: the photos' resolution; None draws it.
    """
    by_name = {plan.name: plan for plan in geometry.crops}
    rows = []
    for number, name in enumerate(plans):
        for tone in tones_deg:
            made = []
            for grade in range(5):
                scores = np.zeros((geometry.slots + 1, 3))
                scores[:, CONCERNS.index(concern)] = grade
                wanted = Wanted(ita_deg=tone, scores=scores, distracted=False)
                made.append(make_subject(seed, number, by_name[name], geometry, wanted))
            view = draw_view(seed, number, int(tone + 90), made[0])
            if native_px_per_mm is not None:
                view = replace(view, camera=replace(view.camera, native_px_per_mm=native_px_per_mm))
            shown = [shoot(skin, number, [view], geometry, seed=seed) for skin in made]
            rows.append(np.concatenate([crops.pixels[0, 0] for crops in shown], 1))
    return np.concatenate(rows, 0)
