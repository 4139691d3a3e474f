"""How a cage's score went, as its tile draws it: a line with its thresholds, and where it is going."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from presage.report.cages.timeline import yes


@dataclass(frozen=True)
class Spark:
    """The worst score of each day in a 100 x 30 box: SVG paths of ``score`` and ``threshold``, alarm days as ``dots``
    (x, y), ``gaps`` (x) where the cage was recorded and has no score."""

    score: str = ""
    threshold: str = ""
    dots: tuple[tuple[float, float], ...] = ()
    gaps: tuple[float, ...] = ()


def spark(scores: pd.DataFrame, last: date, days: int) -> Spark:
    """The last ``days`` days of one cage (rows of the `distress_scores` table)."""
    daily = scores.groupby("date").agg(score=("score", "max"), threshold=("threshold", "last"), alarm=("alarm", "any"))
    first = daily.index.min()
    window = [last - timedelta(days=days - 1 - i) for i in range(days)]
    daily = daily.reindex(window)
    values, threshold = daily["score"].to_numpy(float), daily["threshold"].to_numpy(float)
    finite = np.concatenate([values[np.isfinite(values)], threshold[np.isfinite(threshold)], [0.0]])
    low, high = float(finite.min()), float(finite.max()) or 1.0
    x = 2 + 96 * np.arange(days) / max(days - 1, 1)
    y, level = (28 - 26 * (line - low) / ((high - low) or 1.0) for line in (values, threshold))
    return Spark(
        _path(x, y),
        _path(x, level),
        tuple((float(a), float(b)) for a, b, on in zip(x, y, daily["alarm"]) if yes(on) and np.isfinite(b)),
        tuple(float(a) for a, b, day in zip(x, y, window) if not np.isfinite(b) and day >= first),
    )


def _path(x: np.ndarray, y: np.ndarray) -> str:
    """A line that is broken where ``y`` is missing; a point alone is drawn as a short dash, which it would not be."""
    path, pen = "", "M"
    for i, (a, b) in enumerate(zip(x, y)):
        if not np.isfinite(b):
            pen = "M"
            continue
        alone = pen == "M" and (i + 1 == len(y) or not np.isfinite(y[i + 1]))
        path += f"M{a - 2:.1f} {b:.1f}L{a + 2:.1f} {b:.1f}" if alone else f"{pen}{a:.1f} {b:.1f}"
        pen = "L"
    return path


def trend(scores: pd.DataFrame, last: date) -> str:
    """Where the cage's worst score goes: the mean of the last two days against the two before, by the threshold.

    ``rising`` and ``falling`` by more than a quarter of the threshold; empty where one of the four days has no score.
    """
    daily = scores.groupby("date").agg(score=("score", "max"), threshold=("threshold", "last"))
    daily = daily.reindex([last - timedelta(days=i) for i in range(4)])
    score, step = daily["score"].to_numpy(float), 0.25 * daily["threshold"].max()
    if not np.isfinite([*score, step]).all():
        return ""
    change = score[:2].mean() - score[2:].mean()
    return "rising" if change > step else "falling" if change < -step else "steady"
