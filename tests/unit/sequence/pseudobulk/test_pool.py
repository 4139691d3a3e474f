"""Max pooling against torch's own."""

import torch
import torch.nn.functional as F

from presage.sequence.trunk.pool import max_pool


def test_values_and_gradients_equal_torchs_with_ties():
    torch.manual_seed(0)
    ours = torch.randint(0, 3, (2, 5, 64)).float().requires_grad_()  # few values: many ties
    theirs = ours.detach().clone().requires_grad_()
    gradient = torch.randn(2, 5, 32)
    out, expected = max_pool(ours), F.max_pool1d(theirs, 2)
    out.backward(gradient)
    expected.backward(gradient)
    torch.testing.assert_close(out, expected, rtol=0, atol=0)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=0)
