import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from presage.homecage.alarms import policy as alarms
from presage.homecage.alarms.policy import persist
from presage.homecage.recordings.zeitgeber import Lights

LIGHTS = Lights(zone="UTC", on="07:00", off="19:00")


def test_alarms_merge_across_two_quiet_days_and_no_more() -> None:
    days = np.array([1, 0, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert alarms.episodes(days, 2) == [alarms.Episode(0, 3, 2), alarms.Episode(7, 7, 1)]
    assert alarms.count_episodes(np.stack([days, days]), 3) == 2


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 6), st.integers(5, 30)), elements=st.floats(-4, 8)), st.integers(0, 3)
)
def test_thresholds_keep_the_budget_on_the_data_they_are_from(score: np.ndarray, gap: int) -> None:
    budgets = [0.1, 0.5, 1.0, 2.0]
    found = alarms.thresholds(score, budgets, gap)
    months = alarms.cage_months(np.isfinite(score))
    limits = [found.by_budget[b] for b in budgets]
    assert limits == sorted(limits, reverse=True)
    for budget in budgets:
        if budget not in found.extrapolated:
            assert alarms.count_episodes(score > found.by_budget[budget], gap) <= budget * months
    assert all(b * months < 1.0 for b in found.extrapolated)


def test_the_rate_on_new_animals_is_the_budget() -> None:
    rng = np.random.default_rng(5)
    rates = []
    for _ in range(60):
        healthy, new = rng.normal(size=(20, 15)), rng.normal(size=(100, 15))
        limit = alarms.thresholds(healthy, [1.0], 2).by_budget[1.0]
        rates.append(alarms.count_episodes(new > limit, 2) / alarms.cage_months(new > -9))
    assert np.mean(rates) == pytest.approx(1.0, abs=0.15)


def test_a_threshold_needs_a_healthy_day() -> None:
    with pytest.raises(ValueError, match="healthy"):
        alarms.thresholds(np.full((2, 3), np.nan), [1.0], 2)


def _night(name: str, value: np.ndarray, minutes: np.ndarray) -> pd.DataFrame:
    start = LIGHTS.utc(dt.date(2026, 3, 1), 12.0)
    time = start + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame({"time_utc": time, "cage": "c1", "animal": None, "name": name, "value": value, "unit": "1",
                         "resolution_s": 60.0, "coverage": np.where(np.isnan(value), 0.0, 1.0)})  # fmt: skip


def test_seven_hours_hidden_raise_an_urgent_check_when_six_are_over() -> None:
    value = np.zeros(720)
    value[100:520] = 1.0
    found = alarms.urgent_checks(_night("hidden_fraction", value, np.arange(720)), LIGHTS, 6.0)
    assert found[["state", "hours"]].to_numpy().tolist() == [["hidden", 7.0]]
    assert found["time_utc"].iloc[0] == LIGHTS.utc(dt.date(2026, 3, 1), 12.0 + 100 / 60 + 6.0)


def test_missing_hours_raise_none() -> None:
    value = np.ones(720)
    value[200:420] = np.nan
    assert alarms.urgent_checks(_night("still_fraction", value, np.arange(720)), LIGHTS, 6.0).empty


def test_a_duty_cycle_is_no_gap_but_a_dozen_minutes_say_little() -> None:
    fifth = np.arange(720)[np.arange(720) % 60 < 12]
    found = alarms.urgent_checks(_night("still_fraction", np.ones(len(fifth)), fifth), LIGHTS, 6.0)
    assert found["state"].tolist() == ["motionless"]
    sparse = np.arange(0, 720, 30)
    assert alarms.urgent_checks(_night("still_fraction", np.ones(len(sparse)), sparse), LIGHTS, 6.0).empty


def test_a_persistent_score_is_the_lowest_of_the_last_judged_days() -> None:
    nan = np.nan
    score = np.array([[1.0, 3, 2, nan, 5, 4], [1.0, 2, nan, nan, nan, 4]])
    two = persist(score, 2)
    assert two[0] == pytest.approx([nan, 1, 2, nan, 2, 4], nan_ok=True)  # a day without a judgement is passed over
    assert two[1] == pytest.approx([nan, 1, nan, nan, nan, nan], nan_ok=True)  # three of them are not
    assert persist(score, 1) is score
    assert np.isnan(persist(score, 5)).all(axis=1).tolist() == [False, True]


@given(hnp.arrays(float, (3, 12), elements=st.floats(-5, 5) | st.just(np.nan)), st.integers(1, 5), st.floats(-5, 5))
def test_over_a_threshold_for_days_and_never_more_often(score: np.ndarray, days: int, limit: float) -> None:
    with np.errstate(invalid="ignore"):
        once, lasting = score > limit, persist(score, days) > limit
    assert not (lasting & ~once).any()
