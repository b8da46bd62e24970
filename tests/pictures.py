"""Odd photos, made by formula: every situation a decoder meets, without one picture file.

The painted face is a face only in its layout. Its bands are coloured so that no two mistakes
cancel: mirrored and read in the wrong channel order it still shows a wrong colour.
"""

import random
import struct
import zlib
from io import BytesIO
from typing import Any, Final

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF")

# -- the painted face -----------------------------------------------------------------------------

BANDS: Final[dict[str, Colour]] = {
    "forehead": (30, 30, 200),
    "cheek_right": (200, 30, 30),
    "cheek_left": (30, 200, 30),
}
BOXES: Final = {  # left, top, right, bottom in px, of the upright photo
    "forehead": (60, 20, 180, 80),
    "cheek_right": (20, 150, 90, 250),
    "cheek_left": (150, 150, 220, 250),
}
WIDTH: Final = 240
HEIGHT: Final = 300

STORED: Final = {  # EXIF orientation: how the pixels lie in the file; decoding must undo it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def painted_face() -> Image.Image:
    """A 240 x 300 px face, upright and unmirrored: the subject's right is on our left."""
    face = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    face[:100] = BANDS["forehead"]
    face[100:, :120] = BANDS["cheek_right"]
    face[100:, 120:] = BANDS["cheek_left"]
    return Image.fromarray(face)


def turned_face(orientation: int, kind: str = "JPEG") -> bytes:
    """The painted face as a phone held that way stores it, with the EXIF value that says so."""
    stored = painted_face()
    if orientation in STORED:
        stored = stored.transpose(STORED[orientation])
    return encoded(stored, kind, exif=orientation_exif(orientation))


def band_of(pixels: Pixels, zone: str) -> str:
    """Which band the box of ``zone`` shows, by its mean colour."""
    left, top, right, bottom = BOXES[zone]
    mean = pixels[top:bottom, left:right].reshape(-1, 3).mean(axis=0)
    return min(BANDS, key=lambda name: float(np.abs(mean - BANDS[name]).sum()))


def plain(colour: Colour, width: int = 96, height: int = 96) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def noise(width: int, height: int, seed: int = 7) -> Image.Image:
    """A smooth random picture: every colour, and something for each block of a codec to do."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


# -- files ----------------------------------------------------------------------------------------


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """``picture`` as a file of that kind; PNG, WebP and TIFF without loss."""
    file = BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(file, quality=95, chroma=444, **options)
    else:
        lossless: dict[str, Any] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
        picture.save(file, kind, **{**lossless.get(kind, {}), **options})
    return file.getvalue()


def several_pictures(kind: str) -> bytes:
    """Two pictures in one file: APNG, animated WebP, two-page TIFF, MPO, HEIF."""
    first, second = painted_face(), plain((128, 128, 128), WIDTH, HEIGHT)
    if kind != "HEIF":
        return encoded(first, kind, save_all=True, append_images=[second])
    both = pillow_heif.from_pillow(first)
    both.add_from_pillow(second)
    both.save(file := BytesIO())
    return file.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG written by hand, for pixel formats that Pillow does not write and sizes that lie."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, body) for name, body in chunks)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def rgb16_png(level: int) -> bytes:
    """A 96 x 96 px 16-bit RGB PNG, every sample ``level`` (0..65535) but for a red corner."""
    samples = np.full((96, 96, 3), level, ">u2")
    samples[:48, :48] = (65535, 0, 0)
    return png(96, 96, 16, 2, b"".join(b"\0" + row.tobytes() for row in samples))


def grey16_png() -> bytes:
    ramp = np.tile(np.linspace(0, 65535, 96).astype(">u2"), (96, 1))
    return png(96, 96, 16, 0, b"".join(b"\0" + row.tobytes() for row in ramp))


def float_tiff() -> bytes:
    return encoded(
        Image.fromarray(np.linspace(0, 1, 96 * 96, dtype=np.float32).reshape(96, 96)), "TIFF"
    )


def see_through(share: float, kind: str = "PNG") -> bytes:
    """The painted face with that share of its rows, from the top, fully transparent."""
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[: round(share * HEIGHT)] = 0
    picture = painted_face()
    picture.putalpha(Image.fromarray(alpha))
    return encoded(picture, kind)


def lab_picture() -> Image.Image:
    """Pixels in L*a*b*, as print software stores them."""
    return Image.frombytes("LAB", (96, 96), bytes((150, 10, 20)) * 96 * 96)


def as_pillow_reads(data: bytes) -> Pixels:
    return np.array(Image.open(BytesIO(data)).convert("RGB"))


# -- damage ---------------------------------------------------------------------------------------


def cut(data: bytes, percent: float) -> bytes:
    return data[: int(len(data) * percent / 100)]


def flipped_bits(data: bytes, count: int, seed: int, start: int = 0) -> bytes:
    chosen, damaged = random.Random(seed), bytearray(data)
    for _ in range(count):
        damaged[chosen.randrange(start, len(data))] ^= 1 << chosen.randrange(8)
    return bytes(damaged)


def lying_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that declares ``width`` x ``height`` px."""
    return png(width, height, 8, 2, b"\0")


def lying_jpeg(width: int, height: int) -> bytes:
    """A small JPEG whose frame header declares ``width`` x ``height`` px."""
    data = bytearray(encoded(painted_face(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, height, width)
    return bytes(data)


def many_scans(count: int) -> bytes:
    """A progressive JPEG that paints its last pass ``count`` times more."""
    data = encoded(painted_face(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * (count + 1) + data[-2:]


def tiled_tiff(side: int, directories: int = 1) -> bytes:
    """A grey TIFF of 64 x 64 px in one tile of ``side``, its directory repeated."""
    tile = zlib.compress(bytes(side * side))
    data = struct.pack("<2sHI", b"II", 42, 8 + len(tile)) + tile
    entries = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side,
               324: 8, 325: len(tile)}  # fmt: skip
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    for left in reversed(range(directories)):
        following = len(data) + 2 + len(body) + 4 if left else 0
        data += struct.pack("<H", len(entries)) + body + struct.pack("<I", following)
    return data


def lying_webp(width: int, height: int) -> bytes:
    """An extended WebP header that declares ``width`` x ``height`` px, and no picture."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


# -- metadata -------------------------------------------------------------------------------------


def orientation_exif(value: int) -> bytes:
    """An EXIF block with that orientation."""
    return _exif((0x0112, 3, 1, value))


def text_orientation_exif() -> bytes:
    """An EXIF block whose orientation is the text "6" and not the number."""
    return _exif((0x0112, 2, 2, ord("6")))


def gps_exif() -> bytes:
    """An EXIF block with a place, a camera and a name, none of which may ever leave."""
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif[0x013B] = "Somebody"
    exif.get_ifd(0x8825).update({1: "N", 2: (46.0, 31.0, 12.0), 3: "E", 4: (6.0, 33.0, 59.0)})
    return exif.tobytes()


def looping_exif() -> bytes:
    """An EXIF block whose only directory names itself as the next one."""
    return _exif((0x010E, 2, 4, 0x00616161), following=8)


def overrunning_exif() -> bytes:
    """An EXIF block with an entry of four thousand million values, far beyond the end."""
    return _exif((0x010E, 2, 0xFFFFFFFF, 0x7FFFFFFF))


def _exif(entry: tuple[int, int, int, int], following: int = 0) -> bytes:
    """An EXIF block of one entry: tag, type, count, value; then the next directory's place."""
    return b"Exif\0\0II*\0" + struct.pack("<IHHHIII", 8, 1, *entry, following)


# -- colour profiles, by formula ------------------------------------------------------------------

Primaries = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
SRGB: Final[Primaries] = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
DISPLAY_P3: Final[Primaries] = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))

_D65: Final = (0.3127, 0.3290)
_D50_XYZ: Final = (0.9642, 1.0, 0.8249)  # the white of every ICC profile
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def matrix_profile(primaries: Primaries) -> bytes:
    """An ICC v4 display profile: these primaries, white D65, the tone curve of sRGB."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
    curve += _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    bodies = [(b"wtpt", b"XYZ " + bytes(4) + _fixed(*_D50_XYZ))]
    for letter, column in zip(b"rgb", _colorants(primaries).T, strict=True):
        bodies.append((bytes([letter]) + b"XYZ", b"XYZ " + bytes(4) + _fixed(*column)))
        bodies.append((bytes([letter]) + b"TRC", curve))
    return _profile(b"RGB ", bodies)


def grey_profile(gamma: float) -> bytes:
    """An ICC v4 profile for greyscale pictures with a plain power curve."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _fixed(gamma)
    return _profile(b"GRAY", [(b"wtpt", b"XYZ " + bytes(4) + _fixed(*_D50_XYZ)), (b"kTRC", curve)])


def _colorants(primaries: Primaries) -> NDArray[np.float64]:
    """XYZ of red, green and blue as columns, adapted from D65 to D50 (Bradford)."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    white = np.array((_D65[0] / _D65[1], 1, (1 - sum(_D65)) / _D65[1]))
    cones = np.array(_BRADFORD)
    gains = (cones @ _D50_XYZ) / (cones @ white)
    adapt = np.linalg.inv(cones) @ np.diag(gains) @ cones
    return np.asarray(adapt @ columns @ np.diag(np.linalg.solve(columns, white)))


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _profile(space: bytes, bodies: list[tuple[bytes, bytes]]) -> bytes:
    start, table, payload = 132 + 12 * len(bodies), b"", b""
    for name, body in bodies:
        table += name + struct.pack(">II", start + len(payload), len(body))
        payload += body + bytes(-len(body) % 4)
    header = bytes(4) + bytes.fromhex("04300000") + b"mntr" + space + b"XYZ "
    header = struct.pack(">I", start + len(payload)) + bytes(4) + header[4:]
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + _fixed(*_D50_XYZ)
    return header.ljust(128, b"\0") + struct.pack(">I", len(bodies)) + table + payload
