"""From linear colour to the pixels of a photo file, as phones and clinic cameras make them.

Optics and exposure work on tensors; the file part (resampling, noise, sharpening, JPEG) works on
one uint8 picture at a time, as a real camera does. Parameters after methods c.9.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np
import simplejpeg
import torch
from numpy.typing import NDArray
from torch import Tensor

from skinscore_training.skin.sheet import as_map, blur
from skinscore_training.skin.streams import coin, log_uniform

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Camera:
    """One exposure."""

    exposure_ev: float  # around the automatic exposure
    adapt: float  # 0 fixed exposure .. 1 every skin comes out equally bright
    red_gain: float
    blue_gain: float
    mixing: float  # strength of the colour matrix' crosstalk; negative saturates
    vignette: float
    vignette_x: float  # where the light falls to, -1..1
    vignette_y: float
    contrast: float  # share of the smoothstep tone curve
    native_px_per_mm: float  # of the photo that the crop is cut from
    defocus_px: float  # native px
    motion_px: float
    motion_angle: float
    shot_noise: float
    read_noise: float
    denoise: float  # 0 none .. 1 strong
    sharpen: float
    sharpen_px: float
    jpeg: int
    second_jpeg: int  # 0: once

    def values(self) -> dict[str, float]:
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}


def draw_camera(rng: np.random.Generator) -> Camera:
    shot = log_uniform(rng, 1e-4, 4e-3)
    balance = 0.12 if coin(rng, 0.1) else 0.05
    return Camera(
        exposure_ev=rng.normal(0, 0.4),
        adapt=rng.uniform(0.45, 0.85),
        red_gain=float(np.exp(rng.normal(0.02, balance))),
        blue_gain=float(np.exp(rng.normal(-0.02, 1.3 * balance))),
        mixing=rng.normal(-0.03, 0.06),
        vignette=rng.uniform(0, 0.5) if coin(rng, 0.7) else 0.0,
        vignette_x=rng.uniform(-1, 1),
        vignette_y=rng.uniform(-1, 1),
        contrast=rng.uniform(0, 0.7),
        native_px_per_mm=log_uniform(rng, 1.2, 8.0),
        defocus_px=abs(rng.normal(0.35, 0.35)),
        motion_px=rng.uniform(1.5, 4) if coin(rng, 0.1) else 0.0,
        motion_angle=rng.uniform(0, np.pi),
        shot_noise=shot,
        read_noise=float(np.exp(2.18 * np.log(shot) + 1.20)),
        denoise=rng.uniform(0.3, 1.0) if coin(rng, 0.7) else 0.0,
        sharpen=rng.uniform(0, 1.0) if coin(rng, 0.7) else 0.0,
        sharpen_px=rng.uniform(0.7, 2.0),
        jpeg=int(rng.integers(60, 97)),
        second_jpeg=int(rng.integers(65, 92)) if coin(rng, 0.4) else 0,
    )


def expose(linear: Tensor, weight: Tensor, cameras: list[Camera]) -> Tensor:
    """Return display-referred sRGB (B,3,H,W) in 0..1 of linear colour.

    Args:
        linear: (B,3,H,W).
        weight: (B,H,W) where the automatic exposure looks (the skin).
    """

    def column(name: str) -> Tensor:
        return linear.new_tensor([getattr(camera, name) for camera in cameras])

    luminance = (linear * linear.new_tensor((0.2126, 0.7152, 0.0722))[:, None, None]).sum(1)
    mean = (luminance * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1)
    # Between a fixed exposure (mid-tone skin comes out at 0.25) and the same brightness for all.
    gain = 0.27 / (0.16 ** (1 - column("adapt")) * mean.clamp(min=1e-3) ** column("adapt"))
    gain = gain.clamp(0.3, 4.5) * 2 ** column("exposure_ev")
    colour = torch.stack((column("red_gain"), torch.ones_like(gain), column("blue_gain")), 1)
    out = linear * (gain[:, None] * colour)[:, :, None, None]
    out += column("mixing")[:, None, None, None] * (out.mean(1, keepdim=True) - out)
    out *= _vignette(out, column("vignette"), column("vignette_x"), column("vignette_y"))
    out = _shoulder(out.clamp_(min=0))
    bright = out.clamp(min=1e-6).pow_(1 / 2.4).mul_(1.055).sub_(0.055)
    display = torch.where(out <= 0.0031308, 12.92 * out, bright).clamp_(0, 1)
    # d + c (d^2 (3 - 2 d) - d): the share of the smoothstep
    curve = (3 - 2 * display).mul_(display).sub_(1).mul_(display)
    return display.addcmul_(curve, column("contrast")[:, None, None, None])


def _shoulder(linear: Tensor) -> Tensor:
    """Roll highlights off above 0.7 instead of clipping them, as phones do."""
    over = (linear - 0.7).clamp_(min=0)
    return linear.clamp(max=0.7).add_(torch.exp_(over.div_(-0.3)).sub_(1), alpha=-0.3)


def _vignette(like: Tensor, amount: Tensor, to_x: Tensor, to_y: Tensor) -> Tensor:
    y = torch.linspace(-1, 1, like.shape[2], device=like.device)[None, :, None]
    x = torch.linspace(-1, 1, like.shape[3], device=like.device)[None, None, :]
    toward = x * to_x[:, None, None] + y * to_y[:, None, None]
    return (1 - amount[:, None, None] * (0.5 + 0.5 * toward)).clamp(min=0.1)[:, None]


def photograph(
    display: NDArray[np.float32], camera: Camera, crop_px_per_mm: float, rng: np.random.Generator
) -> Pixels:
    """Return the crop (S,S,3) uint8 as cut from a photo of the camera's own resolution.

    Args:
        display: (S,S,3) float32 sRGB 0..1 at ``crop_px_per_mm``.
    """
    side = display.shape[0]
    # Above 1.25 times the crop's scale a photo's own pixels average out; simulate them no finer.
    scale = min(camera.native_px_per_mm / crop_px_per_mm, 1.25)
    finer = max(camera.native_px_per_mm / crop_px_per_mm / scale, 1.0)
    native = max(8, round(side * scale))
    method = cv2.INTER_AREA if native < side else cv2.INTER_CUBIC
    photo = as_map(cv2.resize(display, (native, native), interpolation=method))
    if camera.defocus_px / finer > 0.2:
        photo = blur(photo, camera.defocus_px / finer)
    if camera.motion_px / finer > 1:
        streak = _streak(camera.motion_px / finer, camera.motion_angle)
        photo = as_map(cv2.filter2D(photo, -1, streak))
    photo = _sensor(photo, camera, finer, rng)
    if camera.sharpen:
        soft = blur(photo, camera.sharpen_px / finer)
        photo = photo + np.float32(camera.sharpen) * (photo - soft)
    np.clip(photo, 0, 1, out=photo)
    photo *= np.float32(255)
    picture = np.rint(photo, out=photo).astype(np.uint8)
    for quality in (camera.jpeg, camera.second_jpeg):
        if quality:
            data = simplejpeg.encode_jpeg(
                np.ascontiguousarray(picture), min(quality + int(8 * (finer - 1)), 98), "RGB", "420"
            )
            picture = simplejpeg.decode_jpeg(data, "RGB")
    if native == side:
        return picture
    if native > side:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 * native / side), np.uint8)
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _sensor(
    photo: NDArray[np.float32], camera: Camera, finer: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add signal-dependent noise, less what the phone's denoising takes."""
    photo = np.maximum(photo, 0)  # resampling may overshoot; a picture of its own from here on
    noise = rng.standard_normal(photo.shape, np.float32)
    if camera.denoise:  # what is left after denoising is coarser and weaker
        noise = blur(noise, 0.5 + 0.6 * camera.denoise) * np.float32(1.2)
        noise *= np.float32(1 - 0.5 * camera.denoise)
    spread = photo * np.float32(camera.shot_noise)
    spread += np.float32(camera.read_noise)
    noise *= np.sqrt(spread, out=spread)
    noise *= np.float32(0.6 / finer)
    photo += noise
    return as_map(photo)


def _streak(length: float, angle: float) -> NDArray[np.float32]:
    size = 2 * int(np.ceil(length / 2)) + 1
    yy, xx = np.mgrid[:size, :size] - size // 2
    along = xx * np.cos(angle) + yy * np.sin(angle)
    across = -xx * np.sin(angle) + yy * np.cos(angle)
    kernel = np.clip(length / 2 - np.abs(along) + 0.5, 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return as_map(kernel / kernel.sum())
