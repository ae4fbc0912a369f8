"""Draws triangles into a texture: each pixel learns where on the body it is."""

from __future__ import annotations

import numpy as np

from avatar_builder.source import Floats, Ints


def rasterised(uvs: Floats, triangles: Ints, values: Floats, size: int) -> tuple[Floats, Floats]:
    """Interpolate vertex values over a texture.

    Args:
        uvs: (vertices, 2), v down, 0 to 1.
        triangles: (triangles, 3).
        values: (vertices, width).
        size: The texture's width and height in pixels.

    Returns:
        The values (size, size, width), and where they are (size, size) as 0 or 1.
    """
    image = np.zeros((size, size, values.shape[1]))
    covered = np.zeros((size, size))
    points = uvs * size - 0.5
    for corners in triangles:
        (ax, ay), (bx, by), (cx, cy) = points[corners]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        left, right = int(max(min(ax, bx, cx), 0)), int(min(max(ax, bx, cx) + 1, size - 1))
        top, bottom = int(max(min(ay, by, cy), 0)), int(min(max(ay, by, cy) + 1, size - 1))
        x = np.arange(left, right + 1)[None]
        y = np.arange(top, bottom + 1)[:, None]
        of_b = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
        of_c = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
        of_a = 1 - of_b - of_c
        rows, columns = np.nonzero((of_a >= -0.02) & (of_b >= -0.02) & (of_c >= -0.02))
        if not len(rows):
            continue
        shares = np.stack([of_a, of_b, of_c], axis=2)[rows, columns]
        image[top + rows, left + columns] = shares @ values[corners]
        covered[top + rows, left + columns] = 1
    return image, covered


def spread(image: Floats, covered: Floats, rounds: int) -> Floats:
    """Fill empty pixels from filled ones, `rounds` times, each time from a pixel further away."""
    image, filled = image.copy(), covered.copy()
    for reach in range(1, rounds + 1):
        total, count = np.zeros_like(image), np.zeros_like(filled)
        for axis, step in ((0, reach), (0, -reach), (1, reach), (1, -reach)):
            near = np.roll(filled, step, axis)
            total += np.roll(image, step, axis) * near[..., None]
            count += near
        new = (filled == 0) & (count > 0)
        image[new] = total[new] / count[new][:, None]
        filled[new] = 1
    return image
