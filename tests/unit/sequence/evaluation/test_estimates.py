"""Intervals, weights and shares against their closed forms, and what happens where nothing is defined."""

import warnings

import numpy as np
import pytest

from presage.sequence.evaluation import estimates as e


def test_an_interval_is_the_middle_95_percent_of_what_is_finite():
    drawn = np.random.default_rng(0).permutation(np.arange(1001.0))
    found = e.interval(3, np.r_[drawn, np.nan, np.inf, np.nan], 7)
    assert found == (3.0, 25.0, 975.0, 7)  # the 2.5 and the 97.5 percentile of 0 to 1000
    assert e.interval(2.0, np.array([1.5]), 1)[1:3] == (1.5, 1.5)
    nothing = e.interval(np.nan, np.full(5, np.nan), 4)
    assert np.isnan(nothing[:3]).all() and nothing.n == 4


def test_weights_draw_every_unit_equally_often():
    counts = e.resample_counts(8, 4000, seed=2)
    assert counts.shape == (4000, 8) and counts.dtype == np.float64
    assert (counts.sum(1) == 8).all()
    # A unit is drawn Binomial(8, 1/8) times: mean 1, variance 7/8.
    np.testing.assert_allclose(counts.mean(0), 1, atol=0.06)
    np.testing.assert_allclose(counts.var(0), 7 / 8, atol=0.08)
    assert (counts != e.resample_counts(8, 4000, seed=3)).any()


def test_a_mean_leaves_out_what_is_undefined():
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.inf]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert e.nanmean(values) == 2
        np.testing.assert_array_equal(e.nanmean(values, axis=1), [2, np.nan])
        np.testing.assert_array_equal(e.nanmean(values, axis=0), [1, np.nan, 3])


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (3, 8), (8, 8), (60, 200)])
def test_a_share_has_the_interval_of_wilson(hits: int, n: int):
    z, p = 1.959963984540054, hits / n
    middle, reach = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    expected = (p, (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n))
    assert e.proportion(hits, n)[:3] == pytest.approx(expected, abs=1e-9)
    assert e.proportion(hits, n).n == n


def test_a_share_of_nothing_is_undefined():
    found = e.proportion(0, 0)
    assert np.isnan(found[:3]).all() and found.n == 0
