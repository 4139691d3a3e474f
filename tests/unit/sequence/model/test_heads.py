"""The head: shape, sign, start."""

import pytest
import torch

from presage.sequence.model.heads import Head


@pytest.mark.parametrize("activation", ["exp", "softplus", "relu"])
def test_output_is_coverage(activation):
    torch.manual_seed(0)
    out = Head(6, 3, activation)(10 * torch.randn(2, 5, 6))
    assert out.shape == (2, 5, 3)
    assert (out >= 0).all()


def test_bins_do_not_mix():
    torch.manual_seed(0)
    head, x = Head(6, 3), torch.randn(1, 5, 6)
    torch.testing.assert_close(head(x)[:, 2:3], head(x[:, 2:3]))


@pytest.mark.parametrize("activation", ["exp", "softplus", "relu"])
def test_start_is_the_mean_where_the_embedding_says_nothing(activation):
    head, mean = Head(6, 3, activation), torch.tensor([0.02, 1.0, 7.5])
    head.start_at(mean)
    torch.testing.assert_close(head(torch.zeros(1, 1, 6))[0, 0], mean)


def test_the_log_link_multiplies_and_stays_finite():
    head, x = Head(6, 3, "exp"), torch.randn(1, 1, 6)
    with torch.no_grad():
        head.linear.bias.zero_()
        torch.testing.assert_close(head(2 * x), head(x) ** 2)
        head.linear.bias.fill_(1000.0)
    assert head(x).isfinite().all()
