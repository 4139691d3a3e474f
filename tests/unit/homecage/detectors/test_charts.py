"""Control charts against their definitions, written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from presage.homecage.detectors.charts import Cusum, Ewma

DAYS = hnp.arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 12)), elements=st.floats(-6, 6))


def run(chart, days):
    """Scores [U, D]."""
    state, out = chart.start(len(days)), []
    for today in days.T:
        state, score = chart.add(state, today)
        out.append(score)
    return np.array(out).T


@given(DAYS)
def test_ewma_is_the_weighted_sum_over_its_standard_deviation(days):
    for unit, scores in zip(days, run(Ewma(0.3), days)):
        for d, score in enumerate(scores):
            weights = 0.3 * 0.7 ** np.arange(d, -1, -1)
            assert score == pytest.approx((weights @ unit[: d + 1]) / np.sqrt((weights**2).sum()), abs=1e-9)


@given(DAYS)
def test_cusum_is_the_largest_sum_of_the_last_days_over_the_slack(days):
    for unit, scores in zip(days, run(Cusum(0.5), days)):
        for d, score in enumerate(scores):
            sums = [(unit[first : d + 1] - 0.5).sum() for first in range(d + 1)]
            assert score == pytest.approx(max(0.0, *sums), abs=1e-9)


@pytest.mark.parametrize("chart", [Ewma(), Cusum()])
def test_a_day_without_a_deviation_changes_nothing(chart):
    days = np.array([[1.0, 2.0, np.nan, -1.0, 3.0]])
    with_gap, without = run(chart, days)[0], run(chart, days[:, [0, 1, 3, 4]])[0]
    assert np.isnan(with_gap[2]) and np.delete(with_gap, 2) == pytest.approx(without)


def test_healthy_scores_have_unit_variance_from_the_first_day():
    scores = run(Ewma(), np.random.default_rng(0).normal(size=(20_000, 6)))
    assert scores.std(axis=0) == pytest.approx(np.ones(6), abs=0.02)
