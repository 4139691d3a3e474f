"""Names in figures: short enough to fit, and written beside points only where there is room."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D

from presage.report import style


def short(name: str, length: int = 30) -> str:
    """A long name with its middle left out: starts and ends are what tell samples apart."""
    if len(name) <= length:
        return name
    keep = (length - 1) // 2
    return f"{name[:keep]}…{name[-keep:]}"


def name_points(
    axes: Axes,
    spots: Sequence[tuple[float, float, str]],
    length: int = 16,
    angle: float = 0.0,
    ranked: bool = False,
) -> int:
    """Write names beside points (x, y, name) where there is room; returns how many were written.

    ``length``: most letters of a name; ``angle``: degrees by which names rise, for points that lie in a row;
    ``ranked``: the first point given goes first, instead of the lowest one.
    """
    size = 6.2
    height, wide = size * 1.25, size * 0.6  # points; a letter is about that wide
    turn = Affine2D().rotate_deg(-angle)  # in the frame of the names every name is an upright box
    back = turn.inverted()
    to_points = 72 / axes.figure.get_dpi()
    here = axes.transData.transform([(x, y) for x, y, _ in spots]) * to_points if spots else np.empty((0, 2))
    frame = axes.get_window_extent().get_points() * to_points
    at = turn.transform(here) if spots else here
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in at]
    written = 0
    order = range(len(spots)) if ranked else sorted(range(len(spots)), key=lambda i: spots[i][1])
    for i in order:
        x, y = at[i]
        name = short(spots[i][2], length)
        long = wide * len(name)
        beside = (x + 4.5, y - height / 2)
        elsewhere = ((x - 4.5 - long, y - height / 2), (x - long / 2, y - 4 - height))
        for left, bottom in (beside, *(() if angle else elsewhere)):
            box = (left, bottom, left + long, bottom + height)
            ends = back.transform([box[:2], box[2:]])
            if (ends < frame[0]).any() or (ends[:, 0] > frame[1, 0]).any():
                continue
            if any(_meet(box, other) for j, other in enumerate(taken) if j != i):
                continue
            start = back.transform((left, bottom + 1.5)) - here[i]
            axes.annotate(
                name,
                spots[i][:2],
                start,
                textcoords="offset points",
                fontsize=size,
                color=style.MUTED,
                rotation=angle,
                rotation_mode="anchor",
            )
            taken.append(box)
            written += 1
            break
    return written


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
