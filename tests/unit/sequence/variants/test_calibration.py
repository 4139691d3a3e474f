"""Empirical p-values: their definition, and that they are uniform where nothing happens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.variants.calibration import Conformal, Null, ks_uniform, share_below


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20), st.lists(st.integers(-6, 6), min_size=1, max_size=10))
def test_p_is_the_definition(null, values):
    p = Null.of(np.array(null, float)[:, None]).p(np.array(values, float)[:, None])[:, 0]
    expected = [(sum(abs(n) >= abs(v) for n in null) + 1) / (len(null) + 1) for v in values]
    np.testing.assert_allclose(p, expected)


def test_each_track_has_its_own_null():
    null = Null.of(np.array([[1.0, 100], [2, 200], [3, 300]]))
    assert null.p(np.array([[-2.5, 2.5]])).tolist() == [[0.5, 1.0]]


def test_calibrated_on_variants_like_the_null_and_not_on_others():
    rng = np.random.default_rng(0)
    null = Null.of(rng.standard_t(3, (1200, 1)))
    same = null.p(rng.standard_t(3, (1080, 1)))[:, 0]
    other = null.p(rng.standard_t(3, (1080, 1)) * 1.5)[:, 0]
    assert ks_uniform(same) <= 0.06 and 0.035 <= share_below(same).value <= 0.065
    assert ks_uniform(other) > 0.06 and share_below(other).low > 0.065
    assert np.isnan(ks_uniform(np.array([]))) and np.isnan(share_below(np.array([])).value)


def test_refuses_what_is_not_finite():
    with pytest.raises(ValueError, match="finite"):
        Null.of(np.array([[np.nan]]))


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20), st.integers(-6, 6))
def test_percentile_is_the_definition(null, value):
    found = Null.of(np.array(null, float)[:, None]).percentile(np.array([[float(value)]]))[0, 0]
    assert found == pytest.approx(np.mean([(n < value) + 0.5 * (n == value) for n in null]))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_hold_what_they_promise(level):
    """Over many calibration sets the share of new measurements inside is the level, whatever the noise is like."""
    rng = np.random.default_rng(1)
    inside = []
    for seed in range(200):
        predicted = rng.normal(size=80)
        measured = 2 * predicted + rng.standard_t(2, 80)
        fit = Conformal.fit(np.repeat("t", 60), predicted[:60], measured[:60], level, seed)
        low, high = fit.interval(["t", "other"], np.stack([predicted[60:], predicted[60:]], axis=1))
        inside.append((low[:, 0] <= measured[60:]) & (measured[60:] <= high[:, 0]))
        assert np.isnan(low[:, 1]).all() and np.isnan(high[:, 1]).all()
    assert np.mean(inside) == pytest.approx(np.ceil(31 * level) / 31, abs=0.02)  # 30 residuals give the reach


def test_too_few_measurements_give_no_interval():
    fit = Conformal.fit(np.array(["a"] * 8 + ["b"] * 2), np.arange(10.0), np.arange(10.0), 0.9)
    assert fit.reach == {} and fit.number == {"a": 8, "b": 2}
