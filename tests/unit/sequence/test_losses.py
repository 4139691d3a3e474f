"""The Poisson-multinomial loss: its equation, its minimum, and what each part sees."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.losses import EPS, poisson_multinomial


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
