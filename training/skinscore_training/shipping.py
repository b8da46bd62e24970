"""Make the model of a run the one that the library ships, with its card and its proof."""

from pathlib import Path
from typing import Final

from skinscore.contract.release import read_model
from skinscore.errors import RequestRefused
from skinscore_training import runs
from skinscore_training.card import proven_page

MODEL: Final = Path("src/skinscore/assets/skinscore.onnx")
CARD: Final = Path("MODEL_CARD.md")
PROOF: Final = Path("docs/reference/proof.md")


def ship(folder: runs.RunFolder, checkout: Path) -> None:
    """Replace ``MODEL`` with its int8 files, ``CARD`` and ``PROOF`` below ``checkout``.

    Int8 files of the model before go, whether this one has any or not: they are none of it.

    Raises:
        RequestRefused: ``stage_input_missing`` when the card is not written, nothing was proven
            on this very file, or an int8 file was made from another; before anything is replaced.
        NotReady: an int8 file is no sealed model; likewise.
    """
    sources = {
        MODEL: folder.release,
        CARD: runs.require(folder.card, "card"),
        PROOF: proven_page(folder),
    } | {MODEL.with_name(file.name): file for file in _int8_of(folder)}
    content = {target: source.read_bytes() for target, source in sources.items()}
    for other in (checkout / MODEL).parent.glob(f"{MODEL.stem}-int8*.onnx"):
        other.unlink()
    for target, data in content.items():  # int8 last: never beside a float file before it
        runs.write(checkout / target, data)


def _int8_of(folder: runs.RunFolder) -> list[Path]:
    """Return the int8 files of the release; an evaluation that was cut off may leave others."""
    whole = read_model(folder.release).contract
    files = sorted(folder.int8.glob("*.onnx"))
    for file in files:
        contract = read_model(file).contract
        same = (contract.provenance, contract.calibration) == (whole.provenance, whole.calibration)
        if contract.identity.precision != "int8" or not same:
            raise RequestRefused(
                "stage_input_missing",
                f"{file.name} was not made from {folder.release.name} beside it",
                "int8 files of the same training and calibration",
                "Run `skinscore train evaluate` again, to its end.",
            )
    return files
