"""Losses: their equations, their minima, torch as oracle, and how much each track counts."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.training.losses import EPS, coverage_loss, depth_weights, poisson_multinomial


def random_tracks(seed: int = 0, bins: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, bins, 3, generator=generator) + 0.1, 3 * torch.rand(2, bins, 3, generator=generator)


def test_equation_written_out():
    predicted, observed = random_tracks()
    loss = poisson_multinomial(predicted, observed, 0.2)
    assert loss.shape == (2, 3)
    y, t = (predicted[1, :, 2] + EPS).double(), (observed[1, :, 2] + EPS).double()
    log_shape = torch.distributions.Categorical(probs=y).logits
    poisson = y.sum() - t.sum() * y.sum().log()
    expected = (-(t * log_shape).sum() + 0.2 * poisson) / 12
    assert float(loss[1, 2]) == pytest.approx(float(expected), rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), weight=st.floats(0.01, 2))
def test_truth_is_the_minimum(seed, weight):
    predicted, observed = random_tracks(seed)
    at_truth = poisson_multinomial(observed, observed, weight)
    assert (poisson_multinomial(predicted, observed, weight) >= at_truth - 1e-5).all()


def test_without_total_weight_only_the_shape_counts():
    predicted, observed = random_tracks()
    one, ten = (poisson_multinomial(k * predicted, observed, 0.0) for k in (1, 10))
    torch.testing.assert_close(one, ten, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(
        poisson_multinomial(10 * predicted, observed, 0.2), poisson_multinomial(predicted, observed, 0.2)
    )


def test_empty_tracks_give_finite_loss_and_gradient():
    predicted = torch.zeros(1, 4, 1, requires_grad=True)
    loss = poisson_multinomial(predicted, torch.zeros(1, 4, 1), 0.2)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert predicted.grad.isfinite().all()


def test_poisson_and_squared_error_are_torchs():
    predicted, observed = random_tracks()
    oracle = F.poisson_nll_loss(predicted, observed, log_input=False, eps=EPS, reduction="none").mean(1)
    torch.testing.assert_close(coverage_loss("poisson")(predicted, observed), oracle)
    oracle = F.mse_loss(predicted, observed, reduction="none").mean(1)
    torch.testing.assert_close(coverage_loss("mse")(predicted, observed), oracle)


def test_poisson_multinomial_with_total_weight_1_is_poisson_up_to_what_the_data_fix():
    predicted, observed = random_tracks()
    gap = [coverage_loss(kind, 1.0)(predicted, observed) for kind in ("poisson_multinomial", "poisson")]
    other = [coverage_loss(kind, 1.0)(predicted.flip(1), observed) for kind in ("poisson_multinomial", "poisson")]
    torch.testing.assert_close(gap[0] - gap[1], other[0] - other[1], rtol=1e-4, atol=1e-4)


def test_depth_weights_even_tracks_out():
    mean = np.array([8.0, 2.0, 0.5, 0.0])
    assert depth_weights(mean, 0.0) is None
    half, whole = depth_weights(mean, 0.5).numpy(), depth_weights(mean, 1.0).numpy()
    assert half[:3].mean() == pytest.approx(1)
    np.testing.assert_allclose(half[:3] / half[0], [1, 2, 4], rtol=1e-6)
    np.testing.assert_allclose((whole * mean)[:3], whole[0] * mean[0], rtol=1e-6)
    assert half[3] == whole[3] == 0
    predicted, observed = random_tracks()
    plain, weighed = coverage_loss("mse"), coverage_loss("mse", weights=torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(weighed(predicted, observed), plain(predicted, observed) * torch.tensor([0.0, 1.0, 2.0]))
