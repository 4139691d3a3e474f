import numpy as np
import pytest

from presage.homecage.evaluation import statistics


def test_exact_intervals_against_published_tables() -> None:
    assert statistics.binomial_ci(15, 15) == pytest.approx((0.7820, 1.0), abs=1e-4)
    assert statistics.binomial_ci(3, 8) == pytest.approx((0.0852, 0.7551), abs=1e-4)
    assert statistics.poisson_ci(0, 1.0) == pytest.approx((0.0, 3.6889), abs=1e-4)
    assert statistics.poisson_ci(10, 1.0) == pytest.approx((4.7954, 18.3904), abs=1e-4)
    assert np.isnan(statistics.binomial_ci(0, 0)).all() and np.isnan(statistics.poisson_ci(0, 0.0)).all()


def test_a_miss_pulls_the_median() -> None:
    assert statistics.median_with_misses(np.array([1.0, 2.0, 3.0])) == 2.0
    assert statistics.median_with_misses(np.array([1.0, 2.0, np.nan])) == 1.0
    assert statistics.median_with_misses(np.array([1.0, np.nan, np.nan])) == -np.inf
    assert np.isnan(statistics.median_with_misses(np.array([])))


def test_bootstrap_resamples_whole_groups() -> None:
    values, groups = np.repeat(np.arange(20.0), 50), np.repeat(np.arange(20), 50)
    low, high = statistics.bootstrap_ci(values, groups, statistics.mean, seed=1)
    sd = np.arange(20).std() / np.sqrt(20)  # of the mean over 20 groups, not over 1,000 values
    assert high - low == pytest.approx(2 * 1.96 * sd, rel=0.15)
    assert statistics.bootstrap_ci(values, groups, statistics.mean, seed=1) == (low, high)
