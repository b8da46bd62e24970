"""Melanin and blood to the colour of skin.

The model of methods: an absorbing epidermis over a scattering dermis (Jacques' coefficients as
released with S-SYNTH; dipole reflectance of Jensen et al. 2001; haemoglobin after Prahl, OMLC),
integrated under D65 with the CIE 1931 observer. It is evaluated once into a table over melanosome
and blood fraction; maps are looked up in it.
"""

from functools import cache
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the field's name
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

# % of the epidermis' volume, table range. Bare skin ends at 45; a lesion on the darkest skin
# absorbs like more than that (it is also deeper), and must stay darker than its surroundings.
MELANIN_RANGE: Final = (0.2, 90.0)
BLOOD_RANGE: Final = (0.1, 12.0)  # % of the dermis' volume
EPIDERMIS_CM: Final = 60e-4
SATURATION: Final = 0.75  # oxygenated share of haemoglobin, capillary mix
# Measured faces are less saturated than the model (a* 7-15, b* 12-22): its a* and b* are pulled.
RED_PULL: Final = 0.85
YELLOW_PULL: Final = 0.72
SHEEN: Final = 0.01  # part of the 4 % surface reflection that comes from everywhere

# nm, x-bar, y-bar, z-bar (CIE 1931 2 degrees), D65, eps HbO2, eps Hb (cm^-1/M), every 20 nm
_SPECTRA: Final = np.array(
    [
        (420, 0.1344, 0.0040, 0.6456, 93.43, 480360, 407560),
        (440, 0.3483, 0.0230, 1.7471, 104.86, 102580, 413280),
        (460, 0.2908, 0.0600, 1.6692, 117.81, 44480, 23389),
        (480, 0.0956, 0.1390, 0.8130, 115.92, 26629, 14550),
        (500, 0.0049, 0.3230, 0.2720, 109.35, 20933, 20862),
        (520, 0.0633, 0.7100, 0.0782, 104.79, 24202, 31590),
        (540, 0.2904, 0.9540, 0.0203, 104.41, 53236, 46592),
        (560, 0.5945, 0.9950, 0.0039, 100.00, 32613, 53788),
        (580, 0.9163, 0.8700, 0.0017, 95.79, 50104, 37020),
        (600, 1.0622, 0.6310, 0.0008, 90.01, 3200, 14677),
        (620, 0.8544, 0.3810, 0.0002, 87.70, 942, 6510),
        (640, 0.4479, 0.1750, 0.0, 83.70, 442, 4345),
        (660, 0.1649, 0.0610, 0.0, 80.21, 320, 3227),
        (700, 0.0114, 0.0041, 0.0, 71.61, 290, 1794),
    ]
)
_XYZ_TO_RGB: Final = np.array(
    [
        (3.2406, -1.5372, -0.4986),
        (-0.9689, 1.8758, 0.0415),
        (0.0557, -0.2040, 1.0570),
    ]
)
_WHITE: Final = np.array((0.95047, 1.0, 1.08883))
_TABLE: Final = (48, 32)  # steps over melanin (square root) and blood (logarithm)


def melanin_of_ita(ita_deg: float) -> float:
    """Return the melanosome fraction (%) of a tone: ITA = 76 - 207 sqrt(f), within 0.3-45 %."""
    return float(np.clip(100 * (max(76 - ita_deg, 0) / 207) ** 2, 0.3, 45.0))


def contrast_dilution(melanin: float) -> float:
    """Return how much more melanin a mark needs on a tone to look as dark against it, 1 or more.

    One more per cent of melanosomes takes 1.9 L* off the lightest skin and 0.5 off the darkest in
    :func:`reflectance`; with the factor 1 + (f / 18 %)^1.6 it takes 1.9 to 2.5 on every tone.
    Clinical scales grade darkness against the patient's own skin (mMASI, IGA), so a grade must
    mean about the same contrast everywhere.
    """
    return float(1 + (melanin / 18) ** 1.6)


def reflectance(melanin: Tensor, blood: Tensor) -> Tensor:
    """Return the linear sRGB diffuse albedo of skin.

    Args:
        melanin: (B,H,W) % melanosomes in the epidermis; values beyond the table are clamped.
        blood: (B,H,W) % blood in the dermis.

    Returns:
        (B,3,H,W) in 0..1.
    """
    table = torch.from_numpy(_table()).to(melanin)
    low, high = (limit**0.5 for limit in MELANIN_RANGE)
    u = (melanin.clamp(*MELANIN_RANGE).sqrt() - low) / (high - low)
    start, end = (float(np.log(limit)) for limit in BLOOD_RANGE)
    v = (blood.clamp(*BLOOD_RANGE).log() - start) / (end - start)
    grid = torch.stack((v, u), -1) * 2 - 1
    return F.grid_sample(
        table.expand(melanin.shape[0], -1, -1, -1), grid, align_corners=True, padding_mode="border"
    ).exp()


@cache
def _table() -> NDArray[np.float32]:
    """(1,3,melanin,blood) logarithm of the linear sRGB albedo."""
    root = np.linspace(MELANIN_RANGE[0] ** 0.5, MELANIN_RANGE[1] ** 0.5, _TABLE[0])
    blood = np.geomspace(*BLOOD_RANGE, _TABLE[1])
    rgb = _model((root[:, None] ** 2) / 100, blood[None, :] / 100)
    return np.log(np.maximum(rgb, 0.004)).transpose(2, 0, 1)[None].astype(np.float32)


def _model(melanin: Floats, blood: Floats) -> Floats:
    """Linear sRGB (...,3) of melanosome and blood fractions (0..1, broadcast)."""
    nm, x, y, z, light, oxy, deoxy = _SPECTRA.T
    melanin, blood = melanin[..., None], blood[..., None]
    base = 0.244 + 85.3 * np.exp(-(nm - 154) / 66.2)
    epidermis = melanin * 6.6e11 * nm**-3.33 + (1 - melanin) * base
    haemoglobin = 2.303 * (SATURATION * oxy + (1 - SATURATION) * deoxy) * 150 / 64500
    dermis = blood * haemoglobin + (1 - blood) * base
    scatter = (1 - blood) * 45.3 * (nm / 500) ** -1.292 + blood * 22 * (nm / 500) ** -0.66
    index = 1.3696 + 3916.8 / nm**2 + 2558.8 / nm**4
    albedo = scatter / (scatter + dermis)
    inner = -1.440 / index**2 + 0.710 / index + 0.668 + 0.0636 * index
    boundary = (1 + inner) / (1 - inner)
    root = np.sqrt(3 * (1 - albedo))
    diffuse = albedo / 2 * (1 + np.exp(-4 / 3 * boundary * root)) * np.exp(-root)
    # The directed part of the surface reflection is the specular term of the shading.
    spectrum = SHEEN + 0.96 * np.exp(-2.5 * epidermis * EPIDERMIS_CM) * diffuse
    xyz = np.stack([(spectrum * light * bar).sum(-1) for bar in (x, y, z)], -1)
    xyz /= np.stack([(light * bar).sum() for bar in (x, y, z)]) / _WHITE
    rgb: Floats = _less_saturated(xyz) @ _XYZ_TO_RGB.T
    return rgb


def _less_saturated(xyz: Floats) -> Floats:
    """Scale a* and b* of CIE Lab; lightness stays."""
    root = np.cbrt(xyz / _WHITE)
    root[..., 0] = root[..., 1] + RED_PULL * (root[..., 0] - root[..., 1])
    root[..., 2] = root[..., 1] - YELLOW_PULL * (root[..., 1] - root[..., 2])
    out: Floats = root**3 * _WHITE
    return out
