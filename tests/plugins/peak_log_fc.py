"""A score: the log2 ratio of the one bin that changes most, for effects that a sum over bins would dilute."""

import torch
from torch import Tensor

from presage.sequence.variants.scores import Score

PROVIDES = {"score": {"peak_log_fc": {"unit": "log2", "meaning": "log2 ratio of the bin that changes most"}}}


def measure(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float) -> Tensor:
    """[n, bins, tracks] of both alleles to [n, tracks]; the pseudocount is shared out over the bins of ``mask``."""
    small = pseudocount / mask.sum(1, keepdim=True).clamp(min=1)
    ratio = torch.log2((alt + small) / (ref + small)) * mask
    return ratio.gather(1, ratio.abs().argmax(1, keepdim=True)).squeeze(1)


peak_log_fc = Score(measure)
