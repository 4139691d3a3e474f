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
    again = np.array([1, 1, 0, 0, 0, 1, 0, 1], dtype=bool)
    assert alarms.episodes(again, 2) == [alarms.Episode(0, 1, 2), alarms.Episode(5, 7, 2)]


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


def _peaks(count: int, units: int = 40) -> np.ndarray:
    """Score [units + 1, 15]: 1 to ``count`` for a day each of a unit of its own, half less on the day after, else 0;
    nothing judged of the last unit. With 40 units they are 20 months."""
    score = np.zeros((units + 1, 15))
    score[np.arange(count), 5] = np.arange(1, count + 1)
    score[np.arange(count), 6] = np.arange(1, count + 1) - 0.5
    score[-1] = np.nan
    return score


def test_a_threshold_is_the_lowest_at_which_the_budget_holds() -> None:
    found = alarms.thresholds(_peaks(40), [1.0], 2)
    # Of 20 months, 20 episodes are allowed: those with the peaks 21 to 40, which begin at 20.5 or over.
    assert found.exposure_months == 20.0 and found.by_budget == {1.0: 20.5} and not found.extrapolated
    # The same without the days after: from 21 on there are 20, and over it one is held back.
    alone = _peaks(40)
    alone[:-1, 6] = 0.0
    assert alarms.thresholds(alone, [1.0], 2).by_budget == {1.0: 21.0}


def test_a_budget_under_one_episode_is_read_off_an_exponential_tail() -> None:
    """Through ten peaks: nine over the lowest, by 5 on average, so that half a one is expected 5 ln(9 / 0.5) higher."""
    found = alarms.thresholds(_peaks(40), [0.025, 0.0125, 1.0], 2)
    half, quarter = found.by_budget[0.025], found.by_budget[0.0125]
    assert half == pytest.approx(30.5 + 5 * np.log(9 / 0.5), rel=1e-12)
    assert quarter - half == pytest.approx(5 * np.log(2), rel=1e-9)
    assert found.extrapolated == (0.0125, 0.025) and found.by_budget[1.0] == 20.5


@pytest.mark.parametrize(("peaks", "expected"), [(1, 1.0), (2, 0.5 + np.log(1 / 0.5))])
def test_a_tail_needs_two_peaks(peaks: int, expected: float) -> None:
    """With one there is no slope, and the highest healthy score stands."""
    assert alarms.thresholds(_peaks(peaks), [0.025], 2).by_budget[0.025] == pytest.approx(expected)


def test_a_threshold_needs_a_healthy_day() -> None:
    with pytest.raises(ValueError, match="healthy"):
        alarms.thresholds(np.full((2, 3), np.nan), [1.0], 2)


def _night(
    name: str, value: np.ndarray, minutes: np.ndarray, cage: str = "c1", date: dt.date = dt.date(2026, 3, 1)
) -> pd.DataFrame:
    """Readings of a minute each, ``minutes`` after the lights went off."""
    time = LIGHTS.utc(date, 12.0) + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame({"time_utc": time, "cage": cage, "animal": None, "name": name, "value": value, "unit": "1",
                         "resolution_s": 60.0, "coverage": np.where(np.isnan(value), 0.0, 1.0)})  # fmt: skip


def test_seven_hours_hidden_raise_an_urgent_check_when_six_are_over() -> None:
    value = np.zeros(720)
    value[100:520] = 1.0
    found = alarms.urgent_checks(_night("hidden_fraction", value, np.arange(720)), LIGHTS, 6.0)
    assert found[["state", "hours"]].to_numpy().tolist() == [["hidden", 7.0]]
    assert found["time_utc"].iloc[0] == LIGHTS.utc(dt.date(2026, 3, 1), 12.0 + 100 / 60 + 6.0)


@pytest.mark.parametrize(("minutes", "raised"), [(360, False), (361, True)])
@pytest.mark.parametrize("start", [0, 100])
def test_a_check_is_of_longer_than_the_limit_within_the_dark(minutes: int, raised: bool, start: int) -> None:
    """A minute is hidden from a share of 0.95 on; what was hidden before the lights went off does not count."""
    time = np.arange(-300, 720)
    value = np.where((time >= start) & (time < start + minutes), 0.95, 0.94)
    value[time < 0] = 1.0
    assert alarms.urgent_checks(_night("hidden_fraction", value, time), LIGHTS, 6.0).empty != raised


def test_only_minutes_of_the_two_states_that_were_recorded_count() -> None:
    time = np.arange(720)
    unseen = _night("hidden_fraction", np.ones(720), time).assign(coverage=0.0)
    other = _night("wheel_fraction", np.ones(720), time)
    assert alarms.urgent_checks(pd.concat([unseen, other]), LIGHTS, 6.0).empty


def test_checks_stand_in_the_order_of_cage_and_date() -> None:
    second, one = dt.date(2026, 3, 2), np.ones(700)
    nights = [
        _night("still_fraction", one, np.arange(700), "c2"),
        _night("still_fraction", one, np.arange(20, 720), "c1"),
        _night("still_fraction", one, np.arange(700), "c1", second),
    ]
    found = alarms.urgent_checks(pd.concat(nights), LIGHTS, 6.0)
    assert found["cage"].tolist() == ["c1", "c1", "c2"]
    assert found["date"].tolist() == [dt.date(2026, 3, 1), second, dt.date(2026, 3, 1)]


@pytest.mark.parametrize(("pause_s", "raised"), [(3600.0, True), (3600.5, False)])
def test_a_pause_of_an_hour_is_bridged_and_a_longer_one_is_not(pause_s: float, raised: bool) -> None:
    """From the first minute before it to the first one after it."""
    before, after = np.arange(240), 239 + pause_s / 60 + np.arange(240)
    time = np.append(before, after)
    assert alarms.urgent_checks(_night("still_fraction", np.ones(480), time), LIGHTS, 6.0).empty != raised


@pytest.mark.parametrize(("seen", "raised"), [(30, True), (29, False)])
def test_half_an_hour_must_have_been_seen(seen: int, raised: bool) -> None:
    """Of a mouse that moves for three hours, and is still in every minute that is recorded after."""
    time = np.append(np.arange(180), 180 + 15 * np.arange(seen))
    value = np.append(np.zeros(180), np.ones(seen))
    assert alarms.urgent_checks(_night("still_fraction", value, time), LIGHTS, 6.0).empty != raised


def test_a_night_of_one_minute_raises_none() -> None:
    assert alarms.urgent_checks(_night("still_fraction", np.ones(1), np.array([300])), LIGHTS, 6.0).empty


def test_a_night_of_which_little_was_seen_says_nothing_of_the_next() -> None:
    nights = [_night("still_fraction", np.ones(1), np.array([300]))]
    nights.append(_night("still_fraction", np.ones(720), np.arange(720), date=dt.date(2026, 3, 2)))
    found = alarms.urgent_checks(pd.concat(nights, ignore_index=True), LIGHTS, 6.0)
    assert found["date"].tolist() == [dt.date(2026, 3, 2)]


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
    assert persist(np.array([[3.0, nan, nan, 5]]), 2)[0] == pytest.approx([nan, nan, nan, 3], nan_ok=True)  # two are
    assert persist(score, 1) is score
    assert np.isnan(persist(score, 5)).all(axis=1).tolist() == [False, True]


@given(hnp.arrays(float, (3, 12), elements=st.floats(-5, 5) | st.just(np.nan)), st.integers(1, 5), st.floats(-5, 5))
def test_over_a_threshold_for_days_and_never_more_often(score: np.ndarray, days: int, limit: float) -> None:
    with np.errstate(invalid="ignore"):
        once, lasting = score > limit, persist(score, days) > limit
    assert not (lasting & ~once).any()
