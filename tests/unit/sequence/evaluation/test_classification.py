"""Telling one class from another: equal to scikit-learn, intervals that cover, edges."""

import warnings

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


def test_auroc_interval_is_delongs_on_the_logit_scale():
    """From the definition: each positive's share of beaten negatives, and each negative's of positives that beat it."""
    positives, negatives = np.array([3.0, 5, 5, 8, 2]), np.array([1.0, 2, 4, 5, 2, 0, 3])
    beats = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    area = beats.mean()
    error = np.sqrt(beats.mean(1).var(ddof=1) / 5 + beats.mean(0).var(ddof=1) / 7)
    edges = np.log(area / (1 - area)) + stats.norm.ppf([0.025, 0.975]) * error / (area * (1 - area))
    found = k.auroc_with_interval(np.r_[positives, negatives], np.arange(12) < 5)
    assert found == pytest.approx((area, *(1 / (1 + np.exp(-edges))), 12), rel=1e-12)


def test_auroc_of_complete_separation_is_not_certain():
    """Of four positives, all at the top: as often as 1 in 40 where each of them is there with probability ``low``."""
    best, worst = (k.auroc_with_interval(np.arange(20), labels) for labels in (np.arange(20) >= 16, np.arange(20) < 4))
    assert best.low**4 == pytest.approx(0.025) and (best.value, best.high, best.n) == (1, 1, 20)
    assert worst == pytest.approx((0, 0, 1 - best.low, 20))


def test_one_of_a_class_has_no_interval_and_none_has_no_area():
    one = k.auroc_with_interval(np.arange(5), np.arange(5) >= 4)
    assert one.value == 1 and np.isnan(one[1:3]).all() and one.n == 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for labels in (np.ones(5, bool), np.zeros(5, bool)):
            assert np.isnan(k.auroc(np.arange(5), labels))


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
    found = k.sign_accuracy(np.array([0.1, -2, 0.0, -3, 5, 4]), np.array([1.0, 1, -1, -1, 0, 2]))
    assert (found.value, found.n) == (0.6, 5) and found.low < 0.6 < found.high
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
    # The curve of precision starts flat: at recall 0 it has the value of the highest scores.
    assert drawn["precision"][0] == drawn["precision"][1] and drawn.index.tolist() == list(range(len(drawn)))


def test_draws_by_class_keep_the_classes_sizes():
    labels = np.array([1, 0, 0, 1, 0])
    drawn = list(k.by_class(labels, 60, seed=4))
    assert len(drawn) == 60 and {(len(rows), labels[rows].sum()) for rows in drawn} == {(5, 2)}
    assert set(np.concatenate(drawn)) == set(range(5)) and len({tuple(rows) for rows in drawn}) > 20
    assert all((a == b).all() for a, b in zip(drawn, k.by_class(labels, 60, seed=4)))
    assert [len(rows) for rows in k.by_class(np.ones(3), 2, seed=0)] == [3, 3]  # a class alone
