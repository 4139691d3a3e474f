"""d2, log_d2: how far the two profiles lie apart, bin by bin; the L2 scores of Borzoi (Linder et al. 2025).

They see what sums cannot: coverage that moves, as when splicing changes. Borzoi's have no sign; here they take that of
the change of the sum.
"""

import torch
from torch import Tensor

from presage.sequence.variants.scores.sad import sad


def d2(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float = 0.0) -> Tensor:
    """``sign(sad) * sqrt(sum of (ALT - REF)^2)`` over the bins of ``mask``. [n, tracks], in units of coverage."""
    return _signed(((alt - ref) * mask).square(), sad(ref, alt, mask))


def log_d2(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float = 0.0) -> Tensor:
    """``sign(sad) * sqrt(sum of (log2(1 + ALT) - log2(1 + REF))^2)`` over the bins of ``mask``. [n, tracks], log2."""
    return _signed(((torch.log2(1 + alt) - torch.log2(1 + ref)) * mask).square(), sad(ref, alt, mask))


def _signed(squares: Tensor, direction: Tensor) -> Tensor:
    return direction.sign() * squares.sum(1).sqrt()
