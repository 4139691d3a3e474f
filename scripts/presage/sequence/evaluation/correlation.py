"""Pearson's r over bins, genes and cell types, and what it is read against, as small pure functions."""

import numpy as np

from presage.sequence.evaluation.estimates import Estimate, interval, nanmean

# ---- from sums that add up over windows --------------------------------------------------------------------------


def moments(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """The six sums behind Pearson's r over the bins of one window: ``[bins, tracks]`` twice -> float64 ``[6, tracks]``.

    Sums of several windows add up, so r over all bins, and every bootstrap replicate of it, needs no bin in memory.
    """
    x, y = np.asarray(pred, np.float64), np.asarray(obs, np.float64)
    n = np.full(x.shape[1], float(len(x)))
    return np.stack([n, x.sum(0), y.sum(0), (x * x).sum(0), (y * y).sum(0), (x * y).sum(0)])


def pearson_from_moments(sums: np.ndarray) -> np.ndarray:
    """Pearson's r ``[..., tracks]`` from summed moments ``[..., 6, tracks]``; NaN where a side does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        var_x, var_y = xx - x * x / n, yy - y * y / n
        # What is left of a constant's variance is rounding, of the size of its sum of squares.
        flat = (var_x <= 1e-12 * xx) | (var_y <= 1e-12 * yy)
        return np.where(flat, np.nan, (xy - x * y / n) / np.sqrt(var_x * var_y))


def pearson(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """Pearson's r per column: ``[n, tracks]`` twice -> float64 ``[tracks]``; NaN where a side does not vary."""
    x, y = np.asarray(pred, np.float64), np.asarray(obs, np.float64)
    return pearson_from_moments(moments(x - x.mean(0), y - y.mean(0)))


def mean_pearson(units: np.ndarray, counts: np.ndarray) -> tuple[list[Estimate], Estimate, np.ndarray]:
    """Pearson of every track over pooled units (windows of bins, or single genes), and its mean over tracks.

    Parameters
    ----------
    units : float64 ``[units, 6, tracks]``
        :func:`moments` of each unit.
    counts : float64 ``[resamples, units]``
        Bootstrap weights. Models that are given the same weights have paired replicates.

    Returns
    -------
    tracks : one estimate per track, with the number of values behind it
    mean : estimate of the mean over the tracks whose r is defined, with the number of units
    replicates : float64 ``[resamples]``, the mean's bootstrap replicates
    """
    r = pearson_from_moments(units.sum(0))
    drawn = pearson_from_moments(np.tensordot(counts, units, axes=1))
    values = units[:, 0].sum(0)
    tracks = [interval(r[t], drawn[:, t], int(values[t])) for t in range(len(r))]
    replicates = nanmean(drawn, axis=1)
    return tracks, interval(float(nanmean(r)), replicates, len(units)), replicates


# ---- across cell types -------------------------------------------------------------------------------------------


def log_cpm(counts: np.ndarray) -> np.ndarray:
    """log1p of counts per million: ``[genes, types]`` -> the same shape; a type's million is over the genes given."""
    total = counts.sum(0)
    return np.log1p(1e6 * counts / np.where(total > 0, total, 1))


def centre(values: np.ndarray) -> np.ndarray:
    """``[genes, types]`` minus each gene's mean over types."""
    return values - values.mean(1, keepdims=True)


def across_types_r(pred: np.ndarray, obs: np.ndarray) -> np.ndarray:
    """Per gene, Pearson over cell types of log1p CPM: ``[genes, types]`` twice -> ``[genes]``; NaN where undefined."""
    return pearson(np.asarray(pred).T, np.asarray(obs).T)


def skill(pred: np.ndarray, obs: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray | float:
    """1 - MSE / MSE_mean on centred values: 0 is as good as predicting each gene's mean over types, 1 is perfect.

    ``pred`` and ``obs`` are log1p CPM ``[genes, types]``; ``weights`` ``[..., genes]`` counts how often each gene is
    drawn, and gives the result its shape ``[...]``. NaN where no gene varies over types.
    """
    error = ((centre(pred) - centre(obs)) ** 2).sum(1)
    baseline = (centre(obs) ** 2).sum(1)
    drawn = np.ones(len(error)) if weights is None else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (drawn @ error) / (drawn @ baseline)


def noise_ceiling(r: np.ndarray | float) -> np.ndarray | float:
    """Highest r that a perfect model can reach on the whole, from the r of two halves of the data: sqrt(2 r / (1 + r)).

    The Spearman-Brown prophecy gives the whole's reliability 2r / (1 + r), and r with a perfect model is its root. 0
    where the halves do not correlate. Say with it what was halved (donors, or cells).
    """
    clipped = np.clip(r, 0, 1)
    return np.sqrt(2 * clipped / (1 + clipped))
