"""Faces made by formula: the average face's points turned, scaled and put into a photo."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import View
from skinscore.imaging.types import Face, Photo, Pixels
from skinscore.imaging.zones import MIRROR
from skinscore_training.skin.face_mesh import mean_face

PX_PER_MM = 3.0
WIDTH, HEIGHT = 640, 720
SKIN = (190, 140, 115)  # sRGB


def photo_of(pixels: NDArray[Any]) -> Photo:
    """A photo as the decoder would hand it over."""
    return Photo(np.ascontiguousarray(pixels, np.uint8), "0" * 64, "PNG", "srgb", 1)


def face_at(
    x: float = (WIDTH - 1) / 2,
    y: float = (HEIGHT - 1) / 2,
    *,
    yaw_deg: float = 0.0,
    roll_deg: float = 0.0,
    px_per_mm: float = PX_PER_MM,
) -> Face:
    """The average face with its middle at x, y (px), turned as :class:`Face` tells the signs."""
    yaw, roll = np.radians((yaw_deg, roll_deg))
    turn_yaw = np.array([(np.cos(yaw), 0, -np.sin(yaw)), (0, 1, 0), (np.sin(yaw), 0, np.cos(yaw))])
    turn_roll = np.array(
        [(np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1)]
    )
    points = mean_face() @ (turn_roll @ turn_yaw).T * px_per_mm
    points[:, :2] += (x, y)
    return Face(points, 1.0, yaw_deg, 0.0, roll_deg, View.FRONTAL, px_per_mm)


def mirrored_face(face: Face, width: int) -> Face:
    """The same face in the photo flipped left-right."""
    points = face.points[list(MIRROR)].copy()
    points[:, 0] = width - 1 - points[:, 0]
    return Face(
        points,
        face.presence,
        -face.yaw_deg,
        face.pitch_deg,
        -face.roll_deg,
        face.view,
        face.px_per_mm,
    )


def texture(seed: int, sigma: float = 2.0, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Pixels:
    """Skin-coloured smooth noise: no line, no flat part, nothing symmetric."""
    noise = np.random.default_rng(seed).standard_normal((*shape, 3))
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float64)
    return as_pixels(np.array(SKIN) + 18 * smooth / smooth.std())


def as_pixels(values: NDArray[np.float64]) -> Pixels:
    return np.asarray(np.clip(np.round(values), 0, 255), np.uint8)


def dark(pixels: Pixels, light: float) -> Pixels:
    """The picture under ``light`` (0..1) times the light, in linear sRGB."""
    level = np.arange(256) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * light
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(coded * 255), np.uint8)[pixels]
