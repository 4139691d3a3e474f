"""Actograms: two days a row, bars by activity, and hidden, unseen and still time told apart."""

import datetime as dt

import numpy as np
import pandas as pd

from presage import tables
from presage.report.actogram import DAY, LEFT, draw_actogram
from tests.unit.report.made_up_run import START


def bins(values: list[float | None], coverage: float | list[float] = 1.0, day: int = 0) -> pd.DataFrame:
    """Bins of six hours."""
    rows = {"zt": np.arange(len(values)) * 6.0, "value": values, "coverage": coverage, "hours": 6.0, "name": "distance"}
    return pd.DataFrame(rows).assign(cage="C", animal=None, unit="px", date=START + dt.timedelta(days=day))


def drawn(activity: pd.DataFrame, days: int = 1, **more: object):
    activity["value"] = activity["value"].astype(float)
    return draw_actogram(activity, START, START + dt.timedelta(days=days - 1), 12.0, **more)


def test_bars_rise_with_activity_and_cover_their_time():
    (row,) = drawn(bins([0, 10, 5, 10])).rows
    assert row.bars == f"M0.0 0V-0.0H{DAY / 4:.1f}V-14.5H{DAY / 2:.1f}V-7.2H{3 * DAY / 4:.1f}V-14.5H{DAY:.1f}V0Z"
    assert (row.hidden, row.unseen) == ("", "")


def test_still_hidden_and_unseen_are_three_things():
    (row,) = drawn(bins([0, None, None, 10], [1, 1, 0, 1])).rows
    assert row.bars.count("M") == 2
    assert row.hidden == f"M{DAY / 4:.1f} 0H{DAY / 2:.1f}"
    assert row.unseen == f"M{DAY / 2:.1f} 0H{3 * DAY / 4:.1f}"


def test_a_day_and_bins_without_a_row_are_unseen():
    found = drawn(bins([1, 1, 1, 1]).iloc[:3], days=2)
    assert found.rows[0].unseen == f"M{3 * DAY / 4:.1f} 0H{DAY:.1f}" and found.rows[1].unseen == f"M0.0 0H{DAY:.1f}"


def test_dark_phases_and_alarms():
    found = drawn(bins([1, 2, 3, 4]), alarms={START: "alarm-1"})
    assert found.dark == [(LEFT + DAY / 2, DAY / 2), (LEFT + 3 * DAY / 2, DAY / 2)]
    assert found.rows[0].alarm == "alarm-1" and found.minutes == 360


def test_many_days_still_fit():
    assert drawn(bins([1, 2, 3, 4]), days=90).height < 600


def test_nothing_seen_is_no_actogram():
    assert draw_actogram(tables.empty("activity"), START, START, 12.0) is None
    assert drawn(bins([None] * 4, 0.0)) is None
