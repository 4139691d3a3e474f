"""log_fc: log2 ratio of summed coverage.

It is the logSAD score of Borzoi (Linder et al. 2025, Nat. Genet. 57:949).
With the bins of :data:`~presage.sequence.variants.scores.CENTRE` bp around the variant it is the centre-mask score by
which AlphaGenome ranks effects on accessibility (Avsec et al. 2026, Nature 649:1206).
"""

import torch
from torch import Tensor


def log_fc(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float) -> Tensor:
    """``log2((sum ALT + c) / (sum REF + c))`` over the bins of ``mask``, c the pseudocount. [n, tracks], log2."""
    return torch.log2(((alt * mask).sum(1) + pseudocount) / ((ref * mask).sum(1) + pseudocount))
