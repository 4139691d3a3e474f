"""Ridge regression from frozen embeddings to tracks: the closed-form rival of the linear probe."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from presage.sequence.evaluation.correlation import moments, pearson_from_moments

Pairs = Iterable[tuple[Tensor, Tensor]]


class RidgeFit(NamedTuple):
    """weight float32 [tracks, width], bias [tracks], the chosen penalty, and the valid Pearson of each."""

    weight: Tensor
    bias: Tensor
    alpha: float
    valid_pearson: dict[float, float]


def fit_ridge(train: Pairs, valid: Pairs, alphas: Sequence[float]) -> RidgeFit:
    """Least squares with an L2 penalty on standardised embedding channels; the penalty is chosen on the valid windows.

    ``train`` and ``valid`` yield (embedding [B, bins, width], coverage [B, bins, tracks]); each is gone through
    once or, ``valid``, once for every penalty, so ``valid`` must be re-iterable. Sums run in float64: memory is
    width squared, whatever the data.
    """
    sums: tuple[Tensor, ...] = ()
    count = 0
    for embedding, coverage in train:
        x, y = embedding.flatten(0, 1).double(), coverage.flatten(0, 1).double()
        parts = (x.T @ x, x.T @ y, x.sum(0), y.sum(0))
        sums = tuple(a + b for a, b in zip(sums, parts)) if sums else parts
        count += len(x)
    if not sums:
        raise ValueError("no training windows")
    gram, cross, total, observed = sums
    mean, mean_y = total / count, observed / count
    covariance = gram / count - torch.outer(mean, mean)
    scale = covariance.diagonal().clamp_min(1e-12).sqrt()
    covariance = covariance / torch.outer(scale, scale)
    target = (cross / count - torch.outer(mean, mean_y)) / scale[:, None]

    fits, scores = {}, {}
    for alpha in alphas:
        weight = torch.linalg.solve(covariance + alpha / count * torch.eye(len(mean), dtype=mean.dtype), target)
        weight = weight / scale[:, None]
        fits[alpha] = (weight.T.float(), (mean_y - mean @ weight).float())
        scores[alpha] = _pearson(valid, *fits[alpha])
    best = max(alphas, key=lambda alpha: scores[alpha])
    return RidgeFit(*fits[best], float(best), scores)


def _pearson(valid: Pairs, weight: Tensor, bias: Tensor) -> float:
    parts = [
        moments((x @ weight.T + bias).clamp_min(0).flatten(0, 1).numpy(), y.flatten(0, 1).numpy()) for x, y in valid
    ]
    r = pearson_from_moments(np.sum(parts, axis=0))
    r = r[np.isfinite(r)]
    return float(r.mean()) if len(r) else float("-inf")
