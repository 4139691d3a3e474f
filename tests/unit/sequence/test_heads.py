"""The head: shape, sign, start."""

import pytest
import torch

from presage.sequence.heads import Head


@pytest.mark.parametrize("activation", ["softplus", "relu"])
def test_output_is_coverage(activation):
    torch.manual_seed(0)
    out = Head(6, 3, activation)(10 * torch.randn(2, 5, 6))
    assert out.shape == (2, 5, 3)
    assert (out >= 0).all()


def test_bins_do_not_mix():
    torch.manual_seed(0)
    head, x = Head(6, 3), torch.randn(1, 5, 6)
    torch.testing.assert_close(head(x)[:, 2:3], head(x[:, 2:3]))


def test_start_is_the_mean_where_the_embedding_says_nothing():
    head, mean = Head(6, 3), torch.tensor([0.02, 1.0, 7.5])
    head.start_at(mean)
    torch.testing.assert_close(head(torch.zeros(1, 1, 6))[0, 0], mean)
