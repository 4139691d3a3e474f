import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.homecage.features import bouts, kinematics


def _asleep(still: list[float], gap_after: int | None = None) -> np.ndarray:
    time = np.arange(len(still), dtype=float)
    if gap_after is not None:
        time[gap_after:] += 1000.0
    return bouts.asleep(np.array(still), time, kinematics.continuous(time, 1.0), 1.0)


def test_forty_seconds_make_sleep() -> None:
    awake = [0.0] * 5
    assert _asleep(awake + [1.0] * 40 + awake).sum() == 0
    assert _asleep(awake + [1.0] * 41 + awake).sum() == 41


def test_a_bout_that_an_edge_cuts_is_not_known() -> None:
    value = _asleep([0.0] * 5 + [1.0] * 30)
    assert np.isnan(value[5:]).all() and (value[:5] == 0).all()
    value = _asleep([0.0] * 5 + [1.0] * 30 + [1.0] * 30 + [0.0], gap_after=35)
    assert np.isnan(value[5:65]).all()
    assert (_asleep([1.0] * 50)[:50] == 1).all()  # long enough whatever came before


def test_missing_is_not_asleep() -> None:
    assert np.isnan(_asleep([np.nan] * 100)).all()


@given(st.lists(st.integers(0, 2), min_size=1, max_size=80), st.lists(st.booleans(), min_size=80, max_size=80))
def test_bouts_tile_the_recording(states: list[int], gaps: list[bool]) -> None:
    state = np.array(states)
    time = np.cumsum(np.where(gaps[: len(states)], 100.0, 1.0))
    joined = kinematics.continuous(time, 1.0)
    table = bouts.bouts(state, time, joined, 1.0)
    assert table["start"].iloc[0] == 0 and table["end"].iloc[-1] == len(states)
    assert (table["start"].to_numpy()[1:] == table["end"].to_numpy()[:-1]).all()
    assert table["duration_s"].sum() == pytest.approx(len(states))
    for row in table.itertuples():
        assert set(state[row.start : row.end]) == {row.state}
        assert row.cut_left == (not joined[row.start])


def test_longest_run_bridges_the_pauses_of_the_schedule_only() -> None:
    time = np.array([0, 60, 1800, 1860, 3600, 3660], dtype=float)
    state = np.ones(6, dtype=bool)
    assert bouts.longest_run(state, time, 60.0, 1800.0) == (0, 6)
    assert bouts.longest_run(state, time, 60.0, 600.0) == (0, 2)
    assert bouts.longest_run(~state, time, 60.0, 600.0) == (0, 0)
