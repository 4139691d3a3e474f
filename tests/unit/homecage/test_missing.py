"""Missing is not still, through the whole chain: whatever hours are lost, nothing looks less active, nothing alarms."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.config.distress import Alarms, Compare, Detector, FeatureWeight
from presage.homecage.detectors import judge as judging
from presage.homecage.readings.daily import to_daily
from presage.homecage.recordings.zeitgeber import Lights
from presage.sheets import Cage

LIGHTS = Lights(zone="UTC", on="06:00", off="18:00")
START = dt.date(2026, 3, 2)
DETECTOR = Detector(features=[FeatureWeight(name="night_distance", worse="down", scale="log")])
CAGES = [Cage(f"c{i}", role="calibrate" if i < 6 else "evaluate") for i in range(8)]
DAYS = 24


def hours(seed):
    """Activity [cage, day, ZT hour]: a level a day, the same in every hour of a phase, so that any hour tells it."""
    level = np.exp(np.random.default_rng(seed).normal(5, 0.15, (len(CAGES), DAYS, 1)))
    return np.where(np.arange(24) < 12, 0.2, 1.0) * level


def table(values):
    """Readings, where NaN was not recorded."""
    time = LIGHTS.utc(START) + pd.to_timedelta(np.arange(DAYS * 24), unit="h")
    parts = [
        pd.DataFrame({"time_utc": time.as_unit("us"), "cage": cage.cage, "value": own.ravel()})
        for cage, own in zip(CAGES, values)
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(animal=None, name="distance", unit="px", resolution_s=3600.0)
    return rows.assign(coverage=rows["value"].notna().astype(float))[tables.SCHEMAS["readings"].names]


def judged(values):
    daily = to_daily(table(values), lights=LIGHTS)
    alarms = Alarms(budgets=[1.0], bootstrap=100)
    found = judging.judge(daily, CAGES, tables.empty("events"), LIGHTS, DETECTOR, alarms, Compare(detectors=["cusum"]))
    return daily, found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.9))
def test_whatever_hours_of_a_judged_cage_are_lost(seed, share):
    rng = np.random.default_rng(seed)
    whole = hours(seed)
    holes = whole.copy()
    holes[6:][rng.random(holes[6:].shape) < share] = np.nan  # of the cages that set nothing
    (full, before), (part, after) = judged(whole), judged(holes)
    both = part.merge(full, on=["cage", "date", "name"], suffixes=("", "_whole"))
    known = both["value"].notna()
    assert np.allclose(both.loc[known, "value"], both.loc[known, "value_whole"])  # or it is null
    for name in before:
        was, now = before[name].scores, after[name].scores
        mine = np.array([cage.role == "evaluate" for cage in CAGES])
        lost = mine[:, None] & was.judged & ~now.judged
        assert (now.no_call | now.warm_up)[lost].all()  # a day that is not judged any more says so
        day = np.array([d.item().toordinal() for d in before[name].panel.dates])
        assert np.isfinite(day).all() and now.judged[mine].sum() <= was.judged[mine].sum()


@pytest.mark.parametrize("days", [1, 3, 6])
def test_whole_days_without_a_recording_are_no_alarm(days):
    """A camera that is off for days: no call then, and no alarm then or after."""
    values = hours(3)
    values[7, 15 : 15 + days] = np.nan
    _, found = judged(values)
    for one in found.values():
        assert one.scores.no_call[7, 15 : 15 + days].all() and not one.alarm(1.0)[7, 15 : 16 + days].any()


def test_the_same_days_without_activity_are_one():
    """The test above can see an alarm: a mouse that hardly moves is no camera that is off."""
    values = hours(3)
    values[7, 15:18] *= 0.1
    _, found = judged(values)
    assert all(one.alarm(1.0)[7, 15:18].any() for one in found.values())
