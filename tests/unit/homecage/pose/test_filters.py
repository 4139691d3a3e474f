"""Filters of one track: what goes, what is filled, what is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from presage.homecage.pose import filters

FPS = 10.0


def straight(n, speed=20.0):
    """A point that walks to the right, px; its time s; one stretch of recording."""
    time = np.arange(n) / FPS
    return np.column_stack([speed * time, np.zeros(n)]), time, np.zeros(n, dtype=int)


@given(st.integers(5, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_every_short_excursion_goes_and_nothing_else(n, data):
    """Excursions of one or two samples, far apart from each other, to somewhere that no animal reaches."""
    xy, time, run = straight(n)
    starts = [s for s in range(4, n - 6, 8) if data.draw(st.booleans())]
    false = np.zeros(n, dtype=bool)
    for start in starts:
        false[start : start + data.draw(st.integers(1, 2))] = True
    xy[false] += (0, 500)
    dropped = filters.too_fast(xy, np.ones(n, dtype=bool), time, run, limit=100.0)
    assert dropped.tolist() == false.tolist()


def test_a_single_break_is_left_alone():
    """The animal is somewhere else from now on: put there by a hand, or wrong before. Nobody can tell."""
    xy, time, run = straight(20)
    xy[10:] += 500
    assert not filters.too_fast(xy, np.ones(20, dtype=bool), time, run, limit=100.0).any()


def test_other_stretches_are_not_neighbours():
    xy, time, run = straight(20)
    run[10:], xy[10] = 1, (900, 900)  # the first sample of the second stretch
    assert not filters.too_fast(xy, np.ones(20, dtype=bool), time, run, limit=100.0).any()


def test_points_that_are_not_good_are_passed_over():
    xy, time, run = straight(20)
    good = np.ones(20, dtype=bool)
    good[8], xy[8] = False, (900, 900)
    xy[12] = (900, 900)
    assert np.flatnonzero(filters.too_fast(xy, good, time, run, limit=100.0)).tolist() == [12]


def test_the_less_sure_end_of_a_long_limb_goes():
    a, b = np.zeros((9, 2)), np.full((9, 2), (10.0, 0.0))
    b[1], a[2], b[3] = (50, 0), (-50, 0), (50, 0)
    sure_a, sure_b = np.array([1, 1, 0.5, 0.8, *[1] * 5]), np.array([1, 0.5, 1, 0.8, *[1] * 5])
    drop_a, drop_b = filters.odd_limb(a, b, sure_a, sure_b, np.ones(9, dtype=bool), 2.0)
    assert np.flatnonzero(drop_a).tolist() == [2, 3] and np.flatnonzero(drop_b).tolist() == [1, 3]


@pytest.mark.parametrize(("gap", "filled"), [(3, True), (4, False)])
def test_gaps_up_to_the_limit_are_filled(gap, filled):
    xy, time, run = straight(20)
    truth, good = xy.copy(), np.ones(20, dtype=bool)
    good[8 : 8 + gap], xy[8 : 8 + gap] = False, np.nan
    path, which = filters.fill_gaps(xy, good, time, run, longest=0.4)  # 8 - 1 to 8 + gap: (gap + 1) / 10 s
    assert which.tolist() == (~good & filled).tolist()
    if filled:
        np.testing.assert_allclose(path, truth)


def test_no_gap_is_filled_over_a_break_or_at_an_end():
    xy, time, run = straight(12)
    good = np.ones(12, dtype=bool)
    good[[0, 6, 11]] = False
    run[7:] = 1
    assert not filters.fill_gaps(xy, good, time, run, longest=10.0)[1].any()


def test_smoothing_is_savitzky_golay_of_each_run_of_good_samples():
    rng = np.random.default_rng(0)
    xy, _, run = straight(40)
    xy += rng.normal(0, 3, xy.shape)
    good = np.ones(40, dtype=bool)
    good[12], run[30:] = False, 1
    out = filters.smooth(xy, good, run, window=11, order=2)
    np.testing.assert_allclose(out[:12], savgol_filter(xy[:12], 11, 2, axis=0))
    np.testing.assert_allclose(out[13:30], savgol_filter(xy[13:30], 11, 2, axis=0))
    assert np.array_equal(out[30:], xy[30:])  # shorter than the window


@given(st.floats(0.01, 5), st.sampled_from([1 / 30, 0.1, 0.5]), st.integers(1, 5))
def test_windows_are_odd_and_longer_than_the_order(seconds, interval, order):
    window = filters.window_of(seconds, interval, order)
    assert window % 2 == 1 and window > order
