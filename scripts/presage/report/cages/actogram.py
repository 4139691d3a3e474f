"""A double-plotted actogram as inline SVG: one row a day, each with the day after it to its right (48 hours)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from presage.report.cages.timeline import with_unit, words

LEFT, PLOT, HEAD, FOOT = 64, 880, 22, 6  # px; the drawing scales to the page's width
DAY, HOURS = PLOT / 2, 24
STEP = DAY / HOURS
ACTIVITY = ("activity", "distance", "path_length", "speed")  # first that a recording has
TALLEST, LOWEST, ROOM = 16.0, 5.0, 520.0  # px: of a row, and of all rows where they are many
FULL = 0.98  # quantile of the hours that fills a row; a single burst does not flatten all others


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
    what: str


def draw_actogram(
    hourly: pd.DataFrame, first: date, last: date, light_hours: float, alarms: Mapping[date, str] | None = None
) -> Actogram | None:
    """The actogram of one unit from its rows of the ``hourly`` table, days ``first`` to ``last``; None without any.

    ``alarms``: date -> id of the alarm that was on. Time that was not recorded or not usable is hatched, and so is
    never taken for rest; time in which the animal was hidden is a line under the bars.
    """
    there = set(hourly.loc[hourly["value"].notna(), "name"])
    name = next((name for name in ACTIVITY if name in there), None)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    position = {day: i for i, day in enumerate(days)}
    rows = hourly[(hourly["name"] == name) & hourly["date"].isin(position)]
    if rows["value"].isna().all():
        return None
    values, seen = np.full((len(days), HOURS), np.nan), np.zeros((len(days), HOURS))
    at = rows["date"].map(position).to_numpy(int), rows["zt"].to_numpy(int)
    values[at], seen[at] = rows["value"].to_numpy(float), rows["seen_s"].to_numpy(float)
    full = float(np.nanquantile(values, FULL)) or 1.0
    row = float(np.clip(ROOM / len(days), LOWEST, TALLEST))
    drawn = [
        Row(
            label=f"{day:%d %b}",
            base=HEAD + (i + 1) * row,
            bars=_bars(values[i] / full * (row - 1.5), row),
            hidden=_strips(np.isnan(values[i]) & (seen[i] > 0)),
            unseen=_strips(np.isnan(values[i]) & (seen[i] <= 0)),
            alarm=(alarms or {}).get(day, ""),
            note=f"{day}: activity in {np.isfinite(values[i]).sum()} of {HOURS} hours",
        )
        for i, day in enumerate(days)
    ]
    light = DAY * light_hours / HOURS
    return Actogram(
        width=LEFT + PLOT + 16,
        height=HEAD + len(days) * row + FOOT,
        row=row,
        rows=drawn,
        dark=[(LEFT + k * DAY + light, DAY - light) for k in (0, 1)],
        ticks=[(LEFT + k * PLOT / 8, str(k * 6 % HOURS)) for k in range(9)],
        every=max(1, int(np.ceil(14 / row))),
        words=f"Actogram of {len(days)} days: {words(str(name))}, {np.isfinite(values).mean():.0%} of the hours known",
        full=full,
        what=with_unit(str(name), str(rows["unit"].iloc[0])),
    )


def _bars(heights: np.ndarray, row: float) -> str:
    """A filled outline over each stretch that was seen; y grows downward."""
    known = np.isfinite(heights)
    tops = np.minimum(np.where(known, heights, 0.0), row - 0.5)
    path = ""
    for begin, end in _stretches(known):
        path += f"M{begin * STEP:.1f} 0" + "".join(f"V{-tops[i]:.1f}H{(i + 1) * STEP:.1f}" for i in range(begin, end))
        path += "V0Z"
    return path


def _strips(where: np.ndarray) -> str:
    """One line for each stretch."""
    return "".join(f"M{begin * STEP:.1f} 0H{end * STEP:.1f}" for begin, end in _stretches(where))


def _stretches(where: np.ndarray) -> list[tuple[int, int]]:
    """[begin, end) of the runs of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))
