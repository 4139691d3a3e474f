"""The rhythm of a cage-day: closed-form days, gaps, and no look ahead."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage import tables
from presage.homecage.readings import importers, rhythms
from presage.homecage.readings.rhythm_days import rhythm_days
from presage.homecage.recordings.zeitgeber import Lights

LIGHTS = Lights(zone="UTC", on="06:00", off="18:00")
START = dt.date(2026, 3, 2)
DARK = np.r_[np.zeros(12), np.ones(12)]


def table(days, cage="a", name="distance"):
    """Hourly readings of ``days`` [day, ZT hour]; NaN was not recorded."""
    days = np.asarray(days, float)
    time = LIGHTS.utc(START) + pd.to_timedelta(np.arange(days.size), unit="h")
    rows = pd.DataFrame({"time_utc": time.as_unit("us"), "cage": cage, "animal": None, "name": name, "unit": "px/min",
                         "value": days.ravel(), "resolution_s": 3600.0})  # fmt: skip
    return rows.assign(coverage=rows["value"].notna().astype(float))[tables.SCHEMAS["readings"].names]


def values(days, day=0, **rest):
    """Values of one cage-day by name."""
    found = rhythm_days(table(days), "distance", lights=LIGHTS, **rest)
    return found[found["date"] == START + dt.timedelta(days=day)].set_index("name")["value"]


def test_a_mouse_that_runs_in_the_dark_alone(tmp_path):
    found = values([DARK * 7.0])
    assert found["all_day_night_ratio"] == 0 and found["all_relative_amplitude"] == 1
    assert found["all_activity_onset"] == found["all_m10_onset"] == 12
    assert found["all_m10"] == pytest.approx(2.0) and found["all_l5"] == 0  # over the mean of the day
    assert found["all_entropy"] == pytest.approx(np.log(12) / np.log(24))
    # The first harmonic of a square wave has 4 / pi of its height; 24 samples make it 1 / (12 sin(pi / 24)) instead.
    assert found["all_acrophase"] == pytest.approx(18)
    assert found["all_cosinor_amplitude"] == pytest.approx(1 / (6 * np.sin(np.pi / 24)))
    tables.write(tmp_path / "d.parquet", "daily", rhythm_days(table([DARK]), "distance", lights=LIGHTS))


def test_an_even_day_has_no_rhythm():
    found = values([np.ones(24)])
    assert found["all_entropy"] == pytest.approx(1) and found["all_day_night_ratio"] == 1
    assert found["all_relative_amplitude"] == 0 and np.isnan(found["all_iv"])
    assert found["all_cosinor_amplitude"] == pytest.approx(0) and np.isnan(found["all_acrophase"])


def test_stability_needs_days_and_is_of_the_last_week_only():
    days = np.tile(DARK, (12, 1))
    days[:4] = DARK[::-1]  # turned round, long ago
    assert np.isnan(values(days, 2)["all_is"]) and values(days, 3)["all_is"] == pytest.approx(1)
    assert values(days, 6)["all_is"] < 0.5
    assert values(days, 11)["all_is"] == pytest.approx(1)


def test_a_later_activity_onset_is_seen_in_hours():
    assert values([np.roll(DARK, 3)])["all_activity_onset"] == 15
    assert values([np.roll(DARK, -2)])["all_activity_onset"] == 10


def test_few_known_hours_are_no_call_and_a_short_gap_is_none():
    gap = DARK.copy()
    gap[[2, 15, 20]] = np.nan
    assert values([gap])["all_relative_amplitude"] == pytest.approx(1)
    gap[5:10] = np.nan
    assert values([gap]).isna().all()
    assert rhythm_days(table([gap]), "distance", lights=LIGHTS)["coverage"].iloc[0] == pytest.approx(16 / 24)


@given(st.integers(0, 1000), st.integers(1, 9))
def test_later_days_change_nothing(seed, cut):
    days = np.random.default_rng(seed).gamma(1.0, 1.0, (10, 24))
    days[np.random.default_rng(seed + 1).random(days.shape) < 0.05] = np.nan
    whole, part = (rhythm_days(table(d), "distance", lights=LIGHTS) for d in (days, days[:cut]))
    until = START + dt.timedelta(days=cut)
    names = ["date", "name", "value"]
    pd.testing.assert_frame_equal(whole.loc[whole["date"] < until, names].reset_index(drop=True), part[names])


def test_a_day_that_is_not_over_is_provisional():
    found = rhythm_days(table(np.tile(DARK, (3, 1))).iloc[:-4], "distance", lights=LIGHTS)
    assert found.groupby("date")["provisional"].all().tolist() == [False, False, True]


def test_other_features_and_coarse_readings_give_none():
    assert rhythm_days(table([DARK], name="speed"), "distance", lights=LIGHTS).empty
    coarse = table([DARK]).assign(resolution_s=7200.0)
    assert rhythm_days(coarse, "distance", lights=LIGHTS).empty


def independent(series, per_day):
    """IS, IV, RA from their published sums, written out with loops (Van Someren et al. 1999)."""
    x = series[: len(series) // per_day * per_day]
    n, mean = len(x), x.mean()
    hours = [x[h::per_day].mean() for h in range(per_day)]
    total = sum((v - mean) ** 2 for v in x)
    stability = n * sum((h - mean) ** 2 for h in hours) / (per_day * total)
    variability = n * sum((b - a) ** 2 for a, b in pairwise(x)) / ((n - 1) * total)
    ten = max(np.mean([hours[(s + k) % per_day] for k in range(10)]) for s in range(per_day))
    five = min(np.mean([hours[(s + k) % per_day] for k in range(5)]) for s in range(per_day))
    return stability, variability, (ten - five) / (ten + five)


def test_is_iv_and_ra_of_the_26_real_mice_equal_an_independent_implementation(real_data):
    found = importers.read("mice_rhythms", real_data / "homecage" / "mice_rhythms_act_minutes.csv")
    mice = found.groupby("cage")
    assert len(mice) == 26
    for _, mouse in mice:
        minutes = mouse["value"].to_numpy()[720:]  # from lights-on
        hourly = minutes[: len(minutes) // 1440 * 1440].reshape(-1, 60).mean(axis=1)
        ours = (
            rhythms.interdaily_stability(hourly, 24),
            rhythms.intradaily_variability(hourly),
            rhythms.relative_amplitude(hourly, 24),
        )
        assert ours == pytest.approx(independent(hourly, 24), rel=1e-9)
