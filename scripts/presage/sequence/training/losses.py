"""Losses of coverage tracks, and how much each track counts in them."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from presage.config.training import LossKind

EPS = 1e-6

Loss = Callable[[Tensor, Tensor], Tensor]
"""(predicted, observed), float32 [B, L, tracks] each -> the loss of each window and track, [B, tracks]."""


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


def poisson(predicted: Tensor, observed: Tensor) -> Tensor:
    """Poisson negative log likelihood of bins, ``mean_l (y_l - t_l log y_l)``: [B, L, tracks] -> [B, tracks]."""
    return (predicted - observed * torch.log(predicted + EPS)).mean(1)


def squared_error(predicted: Tensor, observed: Tensor) -> Tensor:
    """Mean squared error over bins: [B, L, tracks] -> [B, tracks]."""
    return (predicted - observed).square().mean(1)


def coverage_loss(kind: LossKind, total_weight: float = 1.0, weights: Tensor | None = None) -> Loss:
    """The loss of that name; ``weights`` (float32 [tracks]) multiply each track's."""
    plain: Loss = {
        "poisson_multinomial": lambda predicted, observed: poisson_multinomial(predicted, observed, total_weight),
        "poisson": poisson,
        "mse": squared_error,
    }[kind]
    return plain if weights is None else lambda predicted, observed: plain(predicted, observed) * weights


def depth_weights(mean: np.ndarray, exponent: float) -> Tensor | None:
    """Weights of tracks, 1 / mean coverage ** exponent, that average to 1: float32 [tracks]; None for exponent 0.

    A cell type with ten times the cells has ten times the coverage, and ten times the say in a shared adapter; with
    exponent 1 all have the same. Tracks without any coverage get weight 0 and do not enter the average.
    """
    if not exponent:
        return None
    seen = mean > 0
    weights = np.zeros(len(mean))
    weights[seen] = mean[seen] ** -exponent
    return torch.from_numpy((weights / max(weights[seen].mean() if seen.any() else 1.0, 1e-300)).astype(np.float32))
