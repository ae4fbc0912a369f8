"""Paints the textures: skin with lips and brows, irises, strands of hair, lashes, teeth."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from avatar_builder.source import Floats

Color = tuple[float, float, float]
"""sRGB, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Complexion:
    """The colours of a face, sRGB 0 to 1.

    Attributes:
        skin, blush, shade, lips: Of the skin, of its reddish and of its darker parts, of the lips.
        hair, brow: Of the hair at its roots, and of the brows.
        stubble_m: How far hairs are sown below the hairline.
        beard: 0 to 1, how much a shaven beard darkens the jaw.
        brow_thickness: 1 is average.
    """

    skin: Color
    blush: Color
    shade: Color
    lips: Color
    hair: Color
    brow: Color
    stubble_m: float
    beard: float
    brow_thickness: float


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Points of a face, metres; the left side, which the right mirrors."""

    eye: Floats
    mouth: Floats
    nose: Floats
    chin_y: float


def _jpeg(image: Floats, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    rgb = Image.fromarray(np.round(np.clip(image, 0, 1) * 255).astype(np.uint8))
    rgb.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def noise(size: int, cell: int, rng: np.random.Generator) -> Floats:
    """Return smooth noise (size, size), mean 0, about -1 to 1, with blobs of `cell` pixels."""
    small = rng.normal(0, 0.5, (max(size // cell, 2),) * 2).astype(np.float32)
    large = Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(large, dtype=float)


def _spot(points: Floats, centre: Floats, radii: tuple[float, float]) -> Floats:
    """Return a soft spot seen from the front, on the left and mirrored on the right."""
    x = np.abs(points[..., 0]) - centre[0]
    y = points[..., 1] - centre[1]
    result: Floats = np.exp(-((x / radii[0]) ** 2) - (y / radii[1]) ** 2)
    return result


def _mixed(image: Floats, color: Color, share: Floats) -> Floats:
    result: Floats = image + (np.array(color) - image) * share[..., None]
    return result


def mask_at(mask: bytes, points: Floats, blur: float) -> Floats:
    """Return a mask of the base mesh's texture at points (..., 2) of it, v down: 0 to 1."""
    image = Image.open(io.BytesIO(mask)).convert("L").filter(ImageFilter.GaussianBlur(blur))
    values = np.asarray(image, dtype=float) / 255
    size = len(values)
    x = np.clip(points[..., 0] * size - 0.5, 0, size - 1.001)
    y = np.clip(points[..., 1] * size - 0.5, 0, size - 1.001)
    i, j = x.astype(int), y.astype(int)
    fx, fy = x - i, y - j
    top = values[j, i] * (1 - fx) + values[j, i + 1] * fx
    bottom = values[j + 1, i] * (1 - fx) + values[j + 1, i + 1] * fx
    result: Floats = top * (1 - fy) + bottom * fy
    return result


def brow_picture(
    face: Complexion, marks: Landmarks, rng: np.random.Generator, scale: int = 16000
) -> tuple[Floats, Floats, float]:
    """Draw the left brow's hairs as seen from the front.

    Returns:
        How much of a pixel is hair (rows, columns), the picture's lower left corner (2,) in
        metres, and its pixels per metre.
    """
    corner = marks.eye[:2] + np.array([-0.030, 0.005])
    width, height = int(0.075 * scale), int(0.035 * scale)
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    # The brow's line and half thickness, from its inner end, millimetres from the eye's middle.
    line_x = np.array([-15.5, -8.0, 2.0, 11.0, 19.0, 24.5])
    line_y = np.array([15.0, 17.2, 19.4, 20.2, 17.4, 13.6])
    half = np.array([2.6, 3.1, 2.9, 2.3, 1.5, 0.5]) * face.brow_thickness
    for _ in range(620):
        x = rng.uniform(line_x[0], line_x[-1])
        middle = np.interp(x, line_x, line_y)
        thick = float(np.interp(x, line_x, half))
        y = middle + thick * np.clip(rng.normal(0, 0.5), -1, 1)
        inner = np.clip(1 - (x - line_x[0]) / 9, 0, 1)
        lean = np.radians(8 + 62 * inner - 18 * (y - middle) / max(thick, 0.1)
                          - 30 * np.clip((x - 10) / 12, 0, 1)) + rng.normal(0, 0.12)  # fmt: skip
        length = rng.uniform(2.6, 4.4) * (1 - 0.3 * inner)
        hair = []
        for t in (0, 0.5, 1):
            bend = lean - 0.25 * t
            px, py = x + length * t * np.cos(bend), y + length * t * np.sin(bend) * 0.8
            hair.append(
                ((px / 1000 + marks.eye[0] - corner[0]) * scale,
                 height - (py / 1000 + marks.eye[1] - corner[1]) * scale)
            )  # fmt: skip
        edge = 1 - 0.5 * abs(y - middle) / max(thick, 0.1)
        draw.line(hair, fill=int(215 * edge * rng.uniform(0.6, 1)), width=int(0.00022 * scale) + 1)
    soft = image.filter(ImageFilter.GaussianBlur(0.00008 * scale))
    under = image.filter(ImageFilter.GaussianBlur(0.0009 * scale))
    alpha = np.maximum(np.asarray(soft, dtype=float) / 255, np.asarray(under, float) / 255 * 0.75)
    return alpha, corner, float(scale)


def _brows(points: Floats, picture: Floats, corner: Floats, scale: float) -> Floats:
    rows, columns = picture.shape
    x = (np.abs(points[..., 0]) - corner[0]) * scale
    y = rows - (points[..., 1] - corner[1]) * scale
    inside = (x >= 0) & (x < columns - 1) & (y >= 0) & (y < rows - 1) & (points[..., 2] > 0.03)
    sampled = picture[np.clip(y, 0, rows - 1).astype(int), np.clip(x, 0, columns - 1).astype(int)]
    return np.where(inside, sampled, 0)


def skin(
    points: Floats, lips: Floats, lids: Floats, ears: Floats, hair: Floats,
    face: Complexion, marks: Landmarks, rng: np.random.Generator,
) -> bytes:  # fmt: skip
    """Paint a head's skin.

    Args:
        points: (size, size, 3) where on the head each pixel is, metres.
        lips, lids, ears: (size, size) 0 to 1, how much a pixel belongs to them.
        hair: (size, size) metres above the hairline.
        face: The colours.
        marks: Where eyes, mouth and nose are.
        rng: Chance, for pores and hairs.

    Returns:
        A JPEG.
    """
    size = len(points)
    front = np.clip((points[..., 2] - 0.0) / 0.06, 0, 1)
    image = np.broadcast_to(np.array(face.skin), (size, size, 3)).copy()
    mottle = 0.6 * noise(size, 90, rng) + 0.4 * noise(size, 24, rng)
    pores = noise(size, 3, rng) * 0.6 + noise(size, 2, rng) * 0.4
    image = _mixed(image, face.blush, np.clip(0.12 * mottle + 0.04, 0, 0.3))
    eye, mouth, nose = marks.eye, marks.mouth, marks.nose
    cheek = np.array([eye[0] + 0.010, (eye[1] + mouth[1]) / 2 - 0.002])
    image = _mixed(image, face.blush, front * 0.42 * _spot(points, cheek, (0.021, 0.017)))
    image = _mixed(
        image, face.blush, front * 0.35 * _spot(points, nose[:2] * [0, 1], (0.015, 0.012))
    )
    image = _mixed(image, face.blush, 0.45 * ears)
    image = _mixed(
        image,
        face.blush,
        front * 0.22 * _spot(points, np.array([0, marks.chin_y + 0.012]), (0.018, 0.014)),
    )
    under_eye = np.array([eye[0] - 0.001, eye[1] - 0.0165])
    image = _mixed(image, face.shade, front * 0.30 * _spot(points, under_eye, (0.017, 0.0065)))
    socket = np.array([eye[0], eye[1] + 0.009])
    image = _mixed(image, face.shade, front * 0.12 * _spot(points, socket, (0.020, 0.008)))
    inner = np.array([eye[0] - 0.017, eye[1] + 0.004])
    image = _mixed(image, face.shade, front * 0.22 * _spot(points, inner, (0.006, 0.010)))
    image = _mixed(image, face.shade, np.clip(lids, 0, 1) * 0.12)
    if face.beard:
        jaw = np.clip((mouth[1] + 0.022 - points[..., 1]) / 0.02, 0, 1)
        jaw *= np.clip((points[..., 1] - marks.chin_y + 0.045) / 0.03, 0, 1)
        jaw *= np.clip((points[..., 2] - 0.0) / 0.03, 0, 1)
        side = 1 - np.clip((np.abs(points[..., 0]) - 0.012) / 0.02, 0, 1) * np.clip(
            (points[..., 1] - mouth[1] + 0.008) / 0.012, 0, 1)  # fmt: skip
        grain = np.clip(0.55 + 0.9 * pores, 0, 1)
        image = _mixed(image, face.hair, face.beard * jaw * side * grain * (1 - lips))
    lip = np.clip((lips - 0.25) / 0.5, 0, 1)
    lip_color = np.array(face.lips) * (1 + 0.10 * noise(size, 6, rng)[..., None])
    image += (lip_color - image) * (0.85 * lip)[..., None]
    seam = np.exp(-(((points[..., 1] - mouth[1]) / 0.0022) ** 2)) * lip
    image *= 1 - 0.25 * seam[..., None]
    image *= 1 + 0.022 * pores[..., None]
    picture, corner, scale = brow_picture(face, marks, rng)
    image = _mixed(image, face.brow, 0.92 * _brows(points, picture, corner, scale))
    ragged = hair + 0.002 * noise(size, 10, rng) + 0.005 * noise(size, 3, rng)
    image = _mixed(image, face.hair, np.clip((ragged + face.stubble_m) / 0.012, 0, 1) * 0.9)
    return _jpeg(image)


def iris(color: Color, ring: Color, rng: np.random.Generator, size: int = 512) -> bytes:
    """Paint an eye seen along its axis; the edge of the picture is 110 degrees from the axis."""
    y, x = np.mgrid[0:size, 0:size] / (size - 1) * 2 - 1
    angle = np.hypot(x, y) * 110
    turn = np.arctan2(y, x)
    image = np.broadcast_to(np.array([0.90, 0.875, 0.86]), (size, size, 3)).copy()
    veins = np.clip(noise(size, 12, rng) - 0.45, 0, 1) * np.clip((angle - 38) / 40, 0, 1)
    image = _mixed(image, (0.75, 0.35, 0.32), 0.5 * veins)
    image = _mixed(image, (0.78, 0.55, 0.50), np.clip((angle - 52) / 50, 0, 0.5))
    rays = np.zeros_like(turn)
    for frequency in (17, 29, 43, 71):
        rays += np.sin(turn * frequency + rng.uniform(0, 6)) * rng.uniform(0.15, 0.3)
    radial = np.clip((angle - 11) / 21, 0, 1)
    tint = (
        np.array(ring)
        + (np.array(color) - np.array(ring)) * np.clip(1.35 - radial**2, 0, 1)[..., None]
    )
    tint = tint * (1 + 0.28 * rays[..., None] * (1 - 0.5 * radial[..., None]))
    tint *= (1 - 0.75 * np.clip((angle - 29) / 4, 0, 1))[..., None]
    tint *= (1 + 0.35 * np.clip(y * 1.0 / 0.25, -1, 1) * (angle < 34))[..., None]
    inside = np.clip((34.0 - angle) / 2.4, 0, 1)
    image = image + (np.clip(tint, 0, 1) - image) * inside[..., None]
    image = _mixed(image, (0.015, 0.012, 0.012), np.clip((11.0 - angle) / 1.0, 0, 1))
    return _jpeg(image, 92)


def strands(rng: np.random.Generator, width: int = 512, height: int = 512) -> bytes:
    """Paint hair, white to be tinted: four locks side by side, root at the top, thinner tips."""
    light = np.zeros((height, width))
    alpha = np.zeros((height, width))
    lock = width // 4
    v = np.linspace(0, 1, height)
    for number in range(4):
        left = number * lock
        for _ in range(150):
            x0 = rng.uniform(0.06, 0.94)
            edge = 1 - abs(2 * x0 - 1)
            tip = np.clip(rng.normal(0.93 + 0.03 * edge, 0.02), 0.7, 0.97)
            bow = rng.normal(0, 0.03)
            thick = rng.uniform(1.6, 3.2)
            tone = rng.uniform(0.62, 1.0)
            x = left + lock * (x0 + bow * np.sin(v * np.pi) + (0.5 - x0) * 0.12 * v)
            rows = np.flatnonzero(v <= tip)
            for offset in range(-3, 4):
                column = np.clip(x[rows].astype(int) + offset, left + 1, left + lock - 2)
                taper = np.clip((tip - v[rows]) / 0.06, 0.5, 1)
                cover = np.clip(thick * taper / 2 + 0.5 - np.abs(column - x[rows]), 0, 1)
                light[rows, column] = light[rows, column] * (1 - cover) + tone * cover
                alpha[rows, column] = np.maximum(alpha[rows, column], cover)
    # The middle of a lock is dense: only its edges and its tip are single hairs.
    u = (np.arange(width) % lock + 0.5) / lock * 2 - 1
    dense = np.clip((0.84 - np.abs(u[None]) * (1 + 0.12 * v[:, None])) / 0.04, 0, 1)
    dense = dense * np.clip((0.93 - v[:, None]) / 0.02, 0, 1)
    bare = (alpha < 0.5) & (dense > 0.5)
    light = np.where(bare | (alpha <= 0.05), 0.66, light)
    alpha = np.maximum(alpha, dense)
    rgba = np.stack([light, light, light, alpha], axis=2)
    return _png(Image.fromarray(np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8), "RGBA"))


def curls(rng: np.random.Generator, size: int = 256) -> bytes:
    """Paint short curly hair as a height in alpha; it repeats without a seam."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size))
    band = np.exp(-(((frequency - 26) / 9) ** 2))
    waves = np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) * band).real
    rank = waves.ravel().argsort().argsort().reshape(size, size) / size**2
    light = 0.35 + 0.65 * rank**2
    rgba = np.stack([light, light, light, rank], axis=2)
    return _png(Image.fromarray(np.round(rgba * 255).astype(np.uint8), "RGBA"))


def cloth(rng: np.random.Generator, size: int = 256) -> bytes:
    """Paint heather: threads of uneven lightness, to be tinted; it repeats without a seam."""
    along, across = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size)
    spectrum = np.fft.fft2(rng.normal(size=(size, size)))
    image = np.zeros((size, size))
    for wide, high, share in ((70, 18, 1.0), (18, 60, 0.6), (14, 14, 0.35)):
        blur = np.exp(-((along / wide) ** 2) - (across / high) ** 2)
        threads = np.fft.ifft2(spectrum * blur).real
        image += share * threads / threads.std()
    ribs = 0.5 * np.sin(2 * np.pi * np.arange(size) * 32 / size)[None]
    light = np.clip(0.88 + 0.012 * (image + ribs), 0, 1)
    return _jpeg(np.repeat(light[:, :, None], 3, axis=2), 85)


def lashes(rng: np.random.Generator, color: Color, size: int = 256) -> bytes:
    """Paint lashes: roots at the bottom, bent hairs that get thin."""
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    for _ in range(110):
        x = rng.uniform(0, size)
        lean, length = rng.normal(0, 7), rng.uniform(0.6, 0.98) * size
        points = [(x + lean * t**1.5, size - length * t) for t in np.linspace(0, 1, 8)]
        for part in range(7):
            draw.line(points[part : part + 2], fill=255 - 14 * part, width=3 if part < 4 else 2)
    draw.rectangle((0, size - 22, size, size), fill=255)
    alpha = image.filter(ImageFilter.GaussianBlur(0.8))
    rgb = Image.new("RGB", (size, size), tuple(round(255 * part) for part in color))
    rgb.putalpha(alpha)
    return _png(rgb)


def teeth(size: int = 256) -> bytes:
    """Paint teeth: both rows, around the arch, gums at the outer edges."""
    v, u = np.mgrid[0:size, 0:size] / (size - 1)
    image = np.broadcast_to(np.array([0.86, 0.83, 0.765]), (size, size, 3)).copy()
    row = np.where(v < 0.5, v * 2, (v - 0.5) * 2)
    gap = np.abs(((u - 0.5) * 22) % 1 - 0.5) * 2
    image *= (1 - 0.28 * np.clip((gap - 0.80) / 0.2, 0, 1))[..., None]
    image *= (0.2 + 0.8 * np.clip(1.25 - np.abs(u - 0.5) * 2.9, 0, 1))[..., None]
    arch = 0.22 + 0.10 * gap**2
    image = _mixed(image, (0.72, 0.38, 0.38), np.clip((arch - row) / 0.06, 0, 1))
    return _jpeg(image)
