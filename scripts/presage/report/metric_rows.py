"""Rows of metrics tables, picked and pooled for figures, and numbers as figures write them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes


def thousands(value: float, _: Any = None) -> str:
    """1500 -> 1.5k, for axes of counts."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def metric(frame: pd.DataFrame, name: str, **where: Any) -> pd.DataFrame:
    """Rows of a metrics or evaluation table by metric name and column values."""
    keep = frame["metric"] == name
    for column, value in where.items():
        keep &= frame[column] == value
    return frame[keep]


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per model and group: a row without seed where there is one (already pooled), else the mean over seeds.

    The interval is that row's own, or the mean of the seeds' intervals; ``seeds`` counts what was averaged.
    """
    pooled = rows[rows["seed"].isna()].assign(seeds=0)
    have = set(zip(pooled["model"], pooled["group"]))
    known = np.array([pair in have for pair in zip(rows["model"], rows["group"])], dtype=bool)
    single = rows[rows["seed"].notna() & ~known]
    mean = single.groupby(["model", "group"], sort=False).agg(
        value=("value", "mean"), ci_low=("ci_low", "mean"), ci_high=("ci_high", "mean"), seeds=("seed", "nunique")
    )
    columns = ["model", "group", "value", "ci_low", "ci_high", "seeds"]
    frames = [f[columns] for f in (pooled, mean.reset_index()) if len(f)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def whisker(axes: Axes, x: Any, y: Any, low: Any, high: Any, colour: str, upright: bool = False) -> None:
    """A 95 % interval behind a point, lying or upright; none where it is not known."""
    at, value = (x, y) if upright else (y, x)
    low, high = np.where(np.isfinite(low), low, value), np.where(np.isfinite(high), high, value)
    (axes.vlines if upright else axes.hlines)(at, low, high, color=colour, linewidth=1.3)
