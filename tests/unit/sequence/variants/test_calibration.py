"""Empirical p-values: their definition, and that they are uniform where nothing happens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.variants.calibration import Null, ks_uniform, share_below


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
