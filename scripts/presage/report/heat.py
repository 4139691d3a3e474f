"""Signed effects as colours: one diverging map, white at 0, red for a gain and blue for a loss of signal."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.image import AxesImage

MAP = "RdBu_r"  # red and blue stay apart for people with any colour vision; white is no effect
GAIN, LOSS = "#b2182b", "#2166ac"  # the map's own ends, for lines and fills that speak of the same effects


def heat(axes: Axes, values: Any) -> tuple[AxesImage, float]:
    """``values`` [rows, columns] as an image without ticks of its own, and the size at which the colours end.

    That is the 98th percentile of the sizes, so that one extreme does not bleach the rest; NaN stays white.
    """
    sizes = np.abs(np.asarray(values, dtype=float))
    limit = float(np.nanquantile(sizes, 0.98)) if np.isfinite(sizes).any() else 0.0
    limit = limit or 1.0
    norm = TwoSlopeNorm(0, -limit, limit)
    image = axes.imshow(values, cmap=MAP, norm=norm, aspect="auto", interpolation="nearest")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image, limit


def ink(value: float, limit: float, dark: str) -> str:
    """The colour of a sign on a cell: white where the cell is dark."""
    return "white" if abs(value) > 0.6 * limit else dark


def scale_bar(figure: Any, image: AxesImage, axes: Any, label: str, **where: Any) -> None:
    """The legend of the colours."""
    bar = figure.colorbar(image, ax=axes, extend="both", **where)
    bar.set_label(label)
    if bar.orientation == "horizontal":  # long numbers of small effects would run into each other
        ends = (image.norm.vmin, 0.0, image.norm.vmax)
        bar.set_ticks(ends, labels=[f"{end:.2g}".replace("-", "\N{MINUS SIGN}") for end in ends])
    bar.outline.set_visible(False)
