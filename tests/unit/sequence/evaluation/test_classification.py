"""Telling one class from another: equal to scikit-learn, intervals that cover, edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from presage.sequence.evaluation import classification as k


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_auroc_equals_sklearn_and_the_definition(pairs):
    from sklearn.metrics import roc_auc_score

    scores, labels = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs])
    found = k.auroc(scores, labels)
    if labels.all() or not labels.any():
        assert np.isnan(found)
        return
    assert found == pytest.approx(roc_auc_score(labels, scores))
    estimate = k.auroc_with_interval(scores, labels)
    if min(labels.sum(), (~labels).sum()) > 1:
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_auroc_interval_covers(shift):
    rng = np.random.default_rng(7)
    truth = stats.norm.cdf(shift / np.sqrt(2))
    labels = np.r_[np.ones(40, bool), np.zeros(80, bool)]
    hits = 0
    for _ in range(400):
        estimate = k.auroc_with_interval(rng.normal(size=120) + shift * labels, labels)
        hits += estimate.low <= truth <= estimate.high
    assert 0.92 <= hits / 400 <= 0.98


def test_auroc_of_complete_separation_is_not_certain():
    estimate = k.auroc_with_interval(np.arange(20), np.arange(20) >= 10)
    assert estimate.value == 1 and 0.5 < estimate.low < 0.75 and estimate.high == 1
    assert k.auroc_with_interval(np.arange(20), np.arange(20) < 10).low == 0


def test_recovered_share():
    rng = np.random.default_rng(8)
    labels = np.arange(300) < 100
    oracle = labels + 0.0
    blind, half = rng.normal(size=300), np.where(rng.random(300) < 0.5, labels, rng.random(300))
    assert k.recovered_share(oracle, oracle, labels, 100, 0)[:3] == (1, 1, 1)
    found = k.recovered_share(blind, oracle, labels, 200, 0)
    assert found.low < 0 < found.high
    assert 0.3 < k.recovered_share(half, oracle, labels, 100, 0).value < 0.95
    assert np.isnan(k.recovered_share(half, np.ones(300), labels, 10, 0).value)  # the oracle itself sees nothing
    assert np.isnan(k.recovered_share(half, oracle, np.ones(300, bool), 10, 0).value)


def test_sign_accuracy_counts_only_real_effects():
    found = k.sign_accuracy(np.array([0.1, -2, 0.0, 5]), np.array([1.0, 1, -1, 0]))
    assert (found.value, found.n) == (pytest.approx(1 / 3), 3) and found.low < 1 / 3 < found.high
    assert np.isnan(k.sign_accuracy(np.array([]), np.array([])).value)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_average_precision_and_curves_equal_sklearn(pairs):
    from sklearn.metrics import average_precision_score, roc_curve

    scores, labels = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs])
    found, drawn = k.average_precision(scores, labels), k.curves(scores, labels)
    if labels.all() or not labels.any():
        assert np.isnan(found) and drawn.empty
        return
    assert found == pytest.approx(average_precision_score(labels, scores))
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(drawn["false_positive_rate"], false)
    np.testing.assert_allclose(drawn["true_positive_rate"], true)
    assert drawn["precision"].iloc[-1] == pytest.approx(labels.mean())
