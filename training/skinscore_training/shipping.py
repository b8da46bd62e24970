"""Make the model of a run the one that the library ships, with its card and its proof."""

from pathlib import Path
from typing import Final

from skinscore_training import runs
from skinscore_training.card import proven_page

MODEL: Final = Path("src/skinscore/assets/skinscore.onnx")
CARD: Final = Path("MODEL_CARD.md")
PROOF: Final = Path("docs/reference/proof.md")


def ship(folder: runs.RunFolder, checkout: Path) -> None:
    """Replace ``MODEL`` with its int8 files, ``CARD`` and ``PROOF`` below ``checkout``.

    Int8 files of the model before go, whether this one has any or not: they are none of it.

    Raises:
        RequestRefused: ``stage_input_missing`` when the card is not written, or nothing was proven
            on this very file; before anything is replaced.
    """
    sources = {
        MODEL: folder.release,
        CARD: runs.require(folder.card, "card"),
        PROOF: proven_page(folder),
    } | {MODEL.with_name(file.name): file for file in sorted(folder.int8.glob("*.onnx"))}
    content = {target: source.read_bytes() for target, source in sources.items()}
    for other in (checkout / MODEL).parent.glob(f"{MODEL.stem}-int8*.onnx"):
        other.unlink()
    for target, data in content.items():  # int8 last: never beside a float file before it
        runs.write(checkout / target, data)
