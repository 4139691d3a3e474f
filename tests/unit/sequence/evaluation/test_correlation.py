"""Metrics against other people's implementations, closed forms and known coverage of their intervals."""

import numpy as np
import pytest
from scipy import stats

from presage.sequence.evaluation import correlation as c
from presage.sequence.evaluation import estimates as e


def test_pearson_pooled_over_windows_equals_scipy():
    rng = np.random.default_rng(0)
    obs = rng.poisson(3, (7, 20, 3)).astype(np.float32)
    pred = obs + rng.normal(0, 2, obs.shape)
    pred[..., 2] = 5.1
    units = np.stack([c.moments(p, o) for p, o in zip(pred, obs)])
    found = c.pearson_from_moments(units.sum(0))
    for t in (0, 1):
        assert found[t] == pytest.approx(stats.pearsonr(pred[..., t].ravel(), obs[..., t].ravel()).statistic, abs=1e-12)
        assert c.pearson(pred[..., t].reshape(-1, 1), obs[..., t].reshape(-1, 1))[0] == pytest.approx(found[t])
    assert np.isnan(found[2])  # a constant prediction has no r
    tracks, mean, drawn = c.mean_pearson(units, e.resample_counts(7, 200, 0))
    assert mean.value == pytest.approx(found[:2].mean()) and mean.n == 7 and tracks[0].n == 140
    assert tracks[0].low < tracks[0].value < tracks[0].high and np.isnan(tracks[2].value) and np.isfinite(drawn).all()


def test_a_constant_side_has_no_r_whatever_its_rounding():
    varied = np.random.default_rng(6).normal(size=(1000, 40))
    constant = np.broadcast_to(np.arange(40) / 7, varied.shape)  # sums of squares of some are rounded up, of some down
    for pred, obs in ((varied, constant), (constant, varied)):
        assert np.isnan(c.pearson_from_moments(c.moments(pred, obs))).all()
        assert np.isnan(c.pearson(pred, obs)).all()


def test_pearson_of_values_far_from_zero_keeps_its_digits():
    near = np.random.default_rng(7).normal(size=(2, 500, 1))
    np.testing.assert_allclose(c.pearson(*(near + 2.0**33)), c.pearson(*near), rtol=1e-4)


def test_bootstrap_draws_whole_windows_and_is_paired():
    rng = np.random.default_rng(1)
    obs = rng.normal(size=(6, 10, 1))
    units = np.stack([c.moments(o + rng.normal(size=o.shape), o) for o in obs])
    counts = e.resample_counts(6, 50, seed=3)
    assert (counts.sum(1) == 6).all() and (counts == e.resample_counts(6, 50, seed=3)).all()
    _, _, drawn = c.mean_pearson(units, counts)
    repeated = np.repeat(units, counts[0].astype(int), axis=0)
    assert drawn[0] == pytest.approx(c.pearson_from_moments(repeated.sum(0))[0])


def test_window_bootstrap_interval_covers():
    """Of 200 experiments with r = 0.6 (windows that share an offset) about 95 % of intervals must hold it."""
    rng = np.random.default_rng(2)
    hits = 0
    for i in range(200):
        shared = rng.normal(size=(40, 1, 1))
        signal = rng.normal(size=(40, 8, 1)) + shared
        obs = signal + np.sqrt(2) * (1 / 0.6 - 1) ** 0.5 * rng.normal(size=signal.shape)
        pred = signal + np.sqrt(2) * (1 / 0.6 - 1) ** 0.5 * rng.normal(size=signal.shape)
        units = np.stack([c.moments(p, o) for p, o in zip(pred, obs)])
        _, mean, _ = c.mean_pearson(units, e.resample_counts(40, 300, i))
        hits += mean.low <= 0.6 <= mean.high
    assert 0.88 <= hits / 200 <= 0.99


def test_across_types_ignores_the_genes_mean():
    rng = np.random.default_rng(3)
    obs = rng.normal(size=(5, 4))
    shifted = 2 * obs + rng.normal(size=(5, 1))
    np.testing.assert_allclose(c.across_types_r(shifted, obs), 1)
    assert np.isnan(c.across_types_r(np.ones((5, 4)), obs)).all()  # mean over types: undefined, as NUMBERS says
    expected = [stats.pearsonr(a, b).statistic for a, b in zip(obs[:, ::-1], obs)]
    np.testing.assert_allclose(c.across_types_r(obs[:, ::-1], obs), expected)


def test_skill_marks():
    obs = np.random.default_rng(4).normal(size=(50, 6))
    assert c.skill(obs + 3, obs) == pytest.approx(1)  # a gene's own level is not judged
    assert c.skill(np.repeat(obs.mean(1, keepdims=True), 6, axis=1), obs) == pytest.approx(0)
    assert c.skill(-obs, obs) == pytest.approx(-3)
    assert c.skill(obs * 0.5, obs) == pytest.approx(0.75)
    weights = np.array([[1.0] * 50, [2.0] + [0] * 49])
    assert c.skill(obs * 0.5, obs, weights) == pytest.approx([0.75, 0.75])


def test_log_cpm_is_per_type_million():
    counts = np.array([[1.0, 0, 5], [3, 0, 5]])
    expected = np.log1p([[250_000, 0, 500_000], [750_000, 0, 500_000]])
    np.testing.assert_allclose(c.log_cpm(counts), expected, rtol=1e-12)
    np.testing.assert_allclose(c.log_cpm(counts / 100), expected, rtol=1e-12)  # predictions may be small


def test_noise_ceiling_is_what_a_perfect_model_reaches():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=200_000)
    halves = truth + rng.normal(0, 2, (2, len(truth)))
    ceiling = c.noise_ceiling(np.corrcoef(*halves)[0, 1])
    assert ceiling == pytest.approx(np.corrcoef(truth, halves.sum(0))[0, 1], abs=0.01)
    assert c.noise_ceiling(-0.2) == 0 and c.noise_ceiling(1.0) == c.noise_ceiling(1 + 1e-9) == 1
