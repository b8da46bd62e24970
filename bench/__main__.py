"""``make bench``: side-by-side measurements in one run; each prints a ratio, never a verdict.

Times on a shared machine move by tens of per cent; the ratio of two things measured in turn moves
less. The better of several rounds is taken for each side.
"""

import sys
import time
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table

ROUNDS = 7


def main() -> int:
    table = Table("measurement", "ours", "theirs", "ratio (theirs / ours)")
    for name, ours, theirs in (decode_12_megapixels(), thirteen_crops_on_one_thread()):
        mine, other = best_in_turn(ours, theirs)
        table.add_row(name, f"{mine * 1e3:.1f} ms", f"{other * 1e3:.1f} ms", f"{other / mine:.2f}")
    Console().print(table)
    return 0


def best_in_turn(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Return the shortest time of each in seconds, measured alternately after a warm-up."""
    best = [float("inf"), float("inf")]
    for round_ in range(ROUNDS + 1):
        for side, call in enumerate((ours, theirs)):
            started = time.perf_counter()
            call()
            if round_:
                best[side] = min(best[side], time.perf_counter() - started)
    return best[0], best[1]


def decode_12_megapixels() -> tuple[str, Callable[[], object], Callable[[], object]]:
    from skinscore.imaging.decode import decode
    from skinscore_training.rules import DECODE

    texture = np.random.default_rng(1).normal(128, 30, (750, 1000, 3)).clip(0, 255)
    picture = Image.fromarray(texture.astype(np.uint8)).resize(
        (4000, 3000), Image.Resampling.BICUBIC
    )
    picture.save(out := BytesIO(), "JPEG", quality=90)
    data = out.getvalue()

    def pillow() -> object:
        return np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB"))

    return "decode a 12 MP JPEG: decode() / Pillow", lambda: decode(data, DECODE), pillow


def thirteen_crops_on_one_thread() -> tuple[str, Callable[[], object], Callable[[], object]]:
    import torch

    from skinscore.assets.shipped import model_path
    from skinscore.contract.golden import make_inputs
    from skinscore.contract.release import read_model
    from skinscore.grading.session import Session
    from skinscore_training import presets, rules
    from skinscore_training.model import network

    file = read_model(model_path())
    session = Session(file, threads=1)
    geometry = file.contract.geometry
    crop, mask = make_inputs("checks", geometry)
    crops = np.repeat(crop, len(geometry.crops), axis=0)
    masks = np.repeat(mask, len(geometry.crops), axis=0)

    torch.set_num_threads(1)
    settings = presets.load(file.contract.provenance.preset).model
    eager = network.Servable(
        network.build(settings, rules.GEOMETRY, seed=0), (1.0, 1.0, 1.0)
    ).eval()
    inputs = torch.from_numpy(crops), torch.from_numpy(masks)

    def torch_eager() -> object:
        with torch.inference_mode():
            return eager(*inputs)

    return (
        "one face, 13 crops, one thread: ONNX Runtime / torch eager",
        lambda: session.run(crops, masks),
        torch_eager,
    )


if __name__ == "__main__":
    sys.exit(main())
