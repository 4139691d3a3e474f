"""A double-plotted actogram as inline SVG: one row a day, each with the day after it to its right (48 hours)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

LEFT, PLOT, HEAD, FOOT = 64, 880, 22, 6  # px; the drawing scales to the page's width
DAY = PLOT / 2
TALLEST, LOWEST, ROOM = 16.0, 5.0, 520.0  # px: of a row, and of all rows where they are many
FULL = 0.98  # quantile of the activity that fills a row; a single burst does not flatten all others


@dataclass(frozen=True)
class Row:
    """One day: ``bars`` and ``unseen`` are paths of 24 hours with the row's base line at y = 0."""

    label: str
    base: float
    bars: str
    hidden: str
    unseen: str
    alarm: str  # id of its alarm, or empty
    note: str


@dataclass(frozen=True)
class Actogram:
    """All in drawing units; ``dark`` are (x, width) of the dark phases of 48 hours."""

    width: float
    height: float
    row: float
    rows: list[Row]
    dark: list[tuple[float, float]]
    ticks: list[tuple[float, str]]
    every: int  # days from one label to the next
    words: str
    full: float
    unit: str
    minutes: int


def draw_actogram(
    activity: pd.DataFrame, first: date, last: date, light_hours: float, alarms: Mapping[date, str] | None = None
) -> Actogram | None:
    """The actogram of one unit from its rows of the ``activity`` table, days ``first`` to ``last``; None without any.

    ``alarms``: date -> id of the alarm that was on. Time that was not recorded or not usable is hatched, and so is
    never taken for rest; time in which the animal was hidden is a line under the bars.
    """
    if activity.empty:
        return None
    activity = activity[activity["name"] == activity["name"].iloc[0]]  # of two sensors the first
    width = float(activity["hours"].mode().iloc[0])
    activity = activity[np.isclose(activity["hours"], width)]
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    bins = round(24 / width)
    position = {day: i for i, day in enumerate(days)}
    values, coverage = np.full((len(days), bins), np.nan), np.zeros((len(days), bins))
    rows = activity[activity["date"].isin(position)]
    at = rows["date"].map(position).to_numpy(int), (rows["zt"].to_numpy(float) / width + 1e-9).astype(int)
    values[at], coverage[at] = rows["value"].to_numpy(float), rows["coverage"].to_numpy(float)
    if not np.isfinite(values).any():
        return None
    full = float(np.nanquantile(values, FULL)) or 1.0
    row = float(np.clip(ROOM / len(days), LOWEST, TALLEST))
    drawn = []
    for i, day in enumerate(days):
        seen, step = np.isfinite(values[i]), DAY / bins
        drawn.append(
            Row(
                f"{day:%d %b}", HEAD + (i + 1) * row, _bars(values[i] / full * (row - 1.5), step, row),
                _strips(~seen & (coverage[i] > 0), step), _strips(coverage[i] <= 0, step), (alarms or {}).get(day, ""),
                f"{day}: {seen.mean():.0%} of the day with activity",
            )
        )  # fmt: skip
    light = DAY * light_hours / 24
    return Actogram(
        width=LEFT + PLOT + 16,
        height=HEAD + len(days) * row + FOOT,
        row=row,
        rows=drawn,
        dark=[(LEFT + k * DAY + light, DAY - light) for k in (0, 1)],
        ticks=[(LEFT + k * PLOT / 8, str(k * 6 % 24)) for k in range(9)],
        every=max(1, int(np.ceil(14 / row))),
        words=f"Actogram of {len(days)} days, {np.isfinite(values).mean():.0%} of the time with activity",
        full=full,
        unit=str(activity["unit"].iloc[0]),
        minutes=round(width * 60),
    )


def _bars(heights: np.ndarray, step: float, row: float) -> str:
    """A filled outline over each stretch that was seen; y grows downward."""
    known = np.isfinite(heights)
    tops = np.minimum(np.where(known, heights, 0.0), row - 0.5)
    path = ""
    for begin, end in _stretches(known):
        path += f"M{begin * step:.1f} 0" + "".join(f"V{-tops[i]:.1f}H{(i + 1) * step:.1f}" for i in range(begin, end))
        path += "V0Z"
    return path


def _strips(where: np.ndarray, step: float) -> str:
    """One line for each stretch."""
    return "".join(f"M{begin * step:.1f} 0H{end * step:.1f}" for begin, end in _stretches(where))


def _stretches(where: np.ndarray) -> list[tuple[int, int]]:
    """[begin, end) of the runs of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))
