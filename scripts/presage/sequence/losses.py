"""Losses of coverage tracks."""

import torch
from torch import Tensor

EPS = 1e-6


def poisson_multinomial(predicted: Tensor, observed: Tensor, total_weight: float) -> Tensor:
    """Poisson-multinomial loss of each window and track (Linder et al. 2025): shape and total, weighed apart.

    With ``t`` observed and ``y`` predicted coverage over ``L`` bins, ``T = sum t`` and ``Y = sum y``::

        ( -sum_l t_l log(y_l / Y)  +  total_weight * (Y - T log Y) ) / L

    predicted, observed: float32 [B, L, tracks], >= 0. Returns [B, tracks]; terms that do not depend on ``y`` are
    left out, so values compare only between fits on the same windows.
    """
    predicted, observed = predicted + EPS, observed + EPS
    total, measured = predicted.sum(1), observed.sum(1)
    shape = -(observed * torch.log(predicted)).sum(1) + measured * torch.log(total)
    return (shape + total_weight * (total - measured * torch.log(total))) / predicted.shape[1]
