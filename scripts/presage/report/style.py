"""The one look of all figures: colours, type, axes, the mark on simulated data, and files that repeat byte for byte."""

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

Drawing = tuple[Figure, pd.DataFrame]
"""A figure and the numbers in it."""

# Okabe & Ito (2008), "Color Universal Design": eight colours that people with any colour vision can tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
CYCLE = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK]  # no yellow: too faint for a line on white

INK, MUTED, GRID, PALE = "#1f2328", "#6b7280", "#e5e7eb", "#f3f4f6"
GOOD, BAD, OURS, RIVAL = BLUE, VERMILION, BLUE, "#9ca3af"
WIDTH = 7.2  # inches: a two-column journal page
FULL, HALF = 10.3, 4.8  # inches at 96 px: the width of a page on screen, and half of it

RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.labelsize": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.axisbelow": True,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "text.color": INK,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "patch.linewidth": 0,
    "hatch.linewidth": 0.5,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
    "svg.fonttype": "none",  # text stays text: searchable, editable, small
    "svg.hashsalt": "presage",  # element ids repeat from run to run
    "pdf.fonttype": 42,
}

# No date, no program version: equal figures are equal files.
Suffix = Literal["svg", "pdf", "png"]
_METADATA: dict[Suffix, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "presage"},
    "pdf": {"CreationDate": None, "Creator": "presage", "Producer": None},
    "png": {"Software": "presage"},
}


_CLIP = re.compile(rb"\bp[0-9a-f]{10}\b")  # names of clip paths in an SVG by matplotlib


def style() -> Any:
    """The look, as a context manager: figures are both drawn and saved inside it."""
    return matplotlib.rc_context(RC)  # type: ignore[arg-type]


def new_figure(title: str, height: float, simulated: bool | None, width: float = WIDTH) -> Figure:
    """An empty figure of ``width`` x ``height`` inches with its title, marked where data are not real.

    ``simulated`` None means that the tables do not say; the figure then says exactly that.
    """
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - 0.34 / height))  # room for the title line
    figure = Figure(figsize=(width, height), layout=layout)
    top = 1 - 0.09 / height
    figure.text(0.008, top, title, ha="left", va="top", fontsize=10, fontweight="bold")
    words = {True: "SIMULATED DATA", None: "ORIGIN OF DATA UNKNOWN", False: ""}[simulated]
    if words:
        box = {"boxstyle": "round,pad=0.35", "facecolor": "#fff4e5", "edgecolor": VERMILION, "linewidth": 0.8}
        figure.text(0.99, top, words, ha="right", va="top", fontsize=6.5, fontweight="bold", color=VERMILION, bbox=box)
    return figure


def columns(figure: Figure, widths: Sequence[float]) -> list[SubFigure]:
    """Side-by-side parts of a figure, each with a layout and a legend of its own."""
    return list(np.ravel(np.asarray(figure.subfigures(1, len(widths), width_ratios=widths), dtype=object)))


def panels(figure: Figure | SubFigure, heights: Sequence[float], sharex: bool = False) -> list[Axes]:
    """Axes one above the other, with these relative heights."""
    axes = figure.subplots(len(heights), 1, sharex=sharex, height_ratios=heights)
    return list(np.ravel(np.asarray(axes, dtype=object)))


def tidy(axes: Axes, grid: Literal["x", "y", "both"] = "y") -> Axes:
    """Thin grid lines across the axis ``grid``."""
    axes.grid(axis=grid, color=GRID, linewidth=0.6)
    return axes


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in the order given; repeats past seven names."""
    return {name: CYCLE[i % len(CYCLE)] for i, name in enumerate(names)}


def drawn(figure: Figure, suffix: Suffix) -> bytes:
    """The figure as the bytes of a file. Same input, same bytes."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=suffix, metadata=_METADATA[suffix])
    return _name_clips(buffer.getvalue()) if suffix == "svg" else buffer.getvalue()


def _name_clips(svg: bytes) -> bytes:
    """Clip paths named by what is drawn.

    Matplotlib names them by hashing where they are to the last digit, and the layout's solver leaves last digits that
    differ from process to process.
    """
    names = {name: b"clip%d" % n for n, name in enumerate(dict.fromkeys(_CLIP.findall(svg)))}
    numbered = _CLIP.sub(lambda match: names[match[0]], svg)
    own = hashlib.sha256(numbered).hexdigest()[:8].encode()  # so that two drawings can share a page
    return _CLIP.sub(lambda match: b"p" + own + names[match[0]], svg)


def _settle(figure: Figure | SubFigure) -> None:
    """Round where panels and axes are: last digits of the layout differ between processes, and may tip a pixel."""
    for part in figure.subfigs:
        box = part.bbox_relative
        box.p0, box.p1 = np.round(box.p0, 5), np.round(box.p1, 5)
        _settle(part)
    for axes in figure.axes if isinstance(figure, Figure) else []:
        left, bottom, width, height = (round(float(value), 5) for value in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def save(figure: Figure, stem: str | Path, data: pd.DataFrame) -> list[Path]:
    """Write ``stem``.svg, .png, .pdf and the plotted numbers as ``stem``.parquet. Same input, same bytes."""
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = []
    with style():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # the layout that was just found holds for all formats
        _settle(figure)
        for suffix in _METADATA:
            files.append(stem.with_name(f"{stem.name}.{suffix}"))
            files[-1].write_bytes(drawn(figure, suffix))
    files.append(stem.with_name(f"{stem.name}.parquet"))
    pq.write_table(pa.Table.from_pandas(data, preserve_index=False).replace_schema_metadata(), files[-1])
    return files
