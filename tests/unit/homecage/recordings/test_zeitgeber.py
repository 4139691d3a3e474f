import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.config.pose import Recording, Sampling
from presage.homecage.recordings import clock
from presage.homecage.recordings.zeitgeber import Lights, Schedule

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


SECONDS = st.integers(2, 90).flatmap(lambda period: st.tuples(st.integers(1, period), st.just(period)))


@given(SECONDS, SECONDS, st.integers(0, 500), st.integers(1, 200))
def test_what_is_analysed_lies_within_what_is_recorded(cameras, analysis, start, length) -> None:
    """Second by second: scheduled is what both duty cycles name."""
    both = Schedule(*map(float, analysis), within=Schedule(*map(float, cameras)))
    named = [at % cameras[1] < cameras[0] and at % analysis[1] < analysis[0] for at in range(start, start + length)]
    assert [both.records(float(at)) for at in range(start, start + length)] == named
    assert both.scheduled_s(np.array([float(start)]), float(length))[0] == pytest.approx(sum(named))


def test_the_analysis_of_every_frame_is_the_cameras_own_schedule() -> None:
    recording = Recording(schedule_length_s=60, schedule_period_s=1800)
    assert Schedule.of(recording, Sampling()) == Schedule(60.0, 1800.0)
    sampled = Schedule.of(recording, Sampling(record_s=120, period_s=3600))
    assert sampled.duty == pytest.approx(60 / 3600)  # of every other file, the whole
