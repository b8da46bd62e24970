"""Published data sets and labelling tools, one module each, as manifests."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from skinscore_training.data.importers import (
    acne04,
    acne04_v2,
    acne_scu,
    ddi,
    ffhq_wrinkle,
    fitzpatrick17k,
    nia,
    pad_ufes_20,
    scin,
    utkface,
)
from skinscore_training.data.importers.base import Imported, Track

Read = Callable[[Path, Track], Imported]

IMPORTERS: Final[Mapping[str, Read]] = MappingProxyType(
    {
        module.DATASET.name: module.read
        for module in (
            nia,
            acne04,
            acne04_v2,
            ffhq_wrinkle,
            scin,
            fitzpatrick17k,
            ddi,
            pad_ufes_20,
            acne_scu,
            utkface,
        )
    }
)
