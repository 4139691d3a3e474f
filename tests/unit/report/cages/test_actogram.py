"""Actograms: two days a row, bars by activity, and hidden, unseen and still time told apart."""

import datetime as dt

import numpy as np
import pandas as pd

from presage import tables
from presage.report.cages.actogram import DAY, LEFT, STEP, draw_actogram
from tests.unit.report.made_up_run.facts import START


def day(values: list[float | None], seen: float | list[float] = 3600.0, day: int = 0) -> pd.DataFrame:
    """The first hours of a day."""
    rows = {"zt": np.arange(len(values)), "value": np.array(values, float), "seen_s": seen, "name": "distance"}
    return pd.DataFrame(rows).assign(cage="C", animal=None, unit="px", date=START + dt.timedelta(days=day))


def drawn(hourly: pd.DataFrame, days: int = 1, **more: object):
    return draw_actogram(hourly, START, START + dt.timedelta(days=days - 1), 12.0, **more)


def test_bars_rise_with_activity_and_cover_their_hours():
    (row,) = drawn(day([0, 10, 5, 10])).rows
    at = [f"{STEP * i:.1f}" for i in range(5)]
    assert row.bars == f"M0.0 0V-0.0H{at[1]}V-14.5H{at[2]}V-7.2H{at[3]}V-14.5H{at[4]}V0Z"
    assert (row.hidden, row.unseen) == ("", f"M{at[4]} 0H{DAY:.1f}")


def test_still_hidden_and_unseen_are_three_things():
    (row,) = drawn(day([0, None, None, *[10] * 21], [60, 60, 0, *[60] * 21])).rows
    assert row.bars.count("M") == 2
    assert row.hidden == f"M{STEP:.1f} 0H{2 * STEP:.1f}"
    assert row.unseen == f"M{2 * STEP:.1f} 0H{3 * STEP:.1f}"


def test_a_day_without_rows_is_unseen():
    assert drawn(day([1] * 24), days=2).rows[1].unseen == f"M0.0 0H{DAY:.1f}"


def test_dark_phases_and_alarms():
    found = drawn(day([1, 2, 3, 4]), alarms={START: "alarm-1"})
    assert found.dark == [(LEFT + DAY / 2, DAY / 2), (LEFT + 3 * DAY / 2, DAY / 2)]
    assert found.rows[0].alarm == "alarm-1" and found.what == "Distance (px)"


def test_many_days_still_fit():
    assert drawn(day([1, 2, 3, 4]), days=90).height < 600


def test_nothing_seen_is_no_actogram():
    assert draw_actogram(tables.empty("hourly"), START, START, 12.0) is None
    assert drawn(day([None] * 4, 0.0)) is None
