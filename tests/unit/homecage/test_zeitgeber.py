import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.homecage import clock
from presage.homecage.zeitgeber import Lights, Schedule

ZURICH = Lights(zone="Europe/Zurich", on="07:00", off="19:00")


@given(st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31)))
def test_cage_days_are_those_of_the_single_clock(moment: dt.datetime) -> None:
    when = moment.replace(tzinfo=dt.UTC)
    date, zt = ZURICH.zeitgeber(pd.DatetimeIndex([when]))
    assert date[0].item() == clock.cage_day(when, ZoneInfo("Europe/Zurich"), dt.time(7))
    assert 0 <= zt[0] < 24


def test_a_night_is_not_split() -> None:
    evening, morning = (
        pd.Timestamp("2026-03-01 23:30", tz="Europe/Zurich"),
        pd.Timestamp("2026-03-02 06:59", tz="Europe/Zurich"),
    )
    dates, zt = ZURICH.zeitgeber(pd.DatetimeIndex([evening, morning]).tz_convert("UTC"))
    assert [d.item() for d in dates] == [dt.date(2026, 3, 1)] * 2
    assert zt == pytest.approx([16.5, 23 + 59 / 60])


def test_days_have_23_and_25_hours_when_the_clocks_change() -> None:
    spring, autumn = dt.date(2026, 3, 28), dt.date(2026, 10, 24)
    assert ZURICH.utc(spring, 24) - ZURICH.utc(spring) == pd.Timedelta(hours=23)
    assert ZURICH.utc(autumn, 24) - ZURICH.utc(autumn) == pd.Timedelta(hours=25)


@given(st.floats(1, 3600), st.floats(0.01, 1), st.floats(1, 7200))
def test_scheduled_seconds_add_up(period: float, share: float, length: float) -> None:
    schedule = Schedule(record_s=period * share, period_s=period)
    starts = np.arange(0, 10) * length
    total = schedule.scheduled_s(np.array([0.0]), 10 * length)[0]
    assert schedule.scheduled_s(starts, length).sum() == pytest.approx(total, abs=1e-6)
    whole = schedule.scheduled_s(np.array([0.0]), 5 * period)[0]
    assert whole == pytest.approx(5 * period * share, rel=1e-6)
