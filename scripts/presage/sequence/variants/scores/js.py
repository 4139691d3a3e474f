"""js: does the shape of the profile change, whatever its height?

Jensen-Shannon divergence (Lin 1991, IEEE Trans. Inf. Theory 37:145) of the two alleles' coverage as distributions over
bins; one of the scores of Borzoi (Linder et al. 2025).
"""

import torch
from torch import Tensor


def js(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float) -> Tensor:
    """Jensen-Shannon divergence over the bins of ``mask``, in bits: 0 (same shape) to 1. [n, tracks].

    The pseudocount is shared out over the bins, so that an empty track is flat and not undefined.
    """
    p, q = (_shares(coverage, mask, pseudocount) for coverage in (ref, alt))
    middle = (p + q) / 2
    return (_divergence(p, middle) + _divergence(q, middle)) / 2


def _shares(coverage: Tensor, mask: Tensor, pseudocount: float) -> Tensor:
    filled = (coverage + pseudocount / mask.sum(1, keepdim=True).clamp(min=1)) * mask
    return filled / filled.sum(1, keepdim=True).clamp(min=torch.finfo(filled.dtype).tiny)


def _divergence(p: Tensor, middle: Tensor) -> Tensor:
    return torch.xlogy(p, p / middle.clamp(min=torch.finfo(p.dtype).tiny)).sum(1) / torch.log(torch.tensor(2.0))
