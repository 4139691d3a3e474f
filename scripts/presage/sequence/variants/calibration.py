"""Is a p-value a p-value, and an interval an interval? Null distributions, conformal intervals, and their checks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from presage.sequence.evaluation.estimates import Estimate, proportion


@dataclass(frozen=True)
class Null:
    """log2 fold changes of variants without effect: float64 ``[n, tracks]``, each column sorted ascending."""

    signed: np.ndarray
    magnitudes: np.ndarray

    @staticmethod
    def of(log_fc: np.ndarray) -> "Null":
        """From the null set's log_fc ``[n, tracks]`` in any order. Raises ``ValueError`` when empty or not finite."""
        log_fc = np.asarray(log_fc, np.float64)
        if log_fc.ndim != 2 or not len(log_fc) or not np.isfinite(log_fc).all():
            raise ValueError(f"null log_fc of shape {log_fc.shape} must be (n, tracks), n > 0, all finite")
        return Null(np.sort(log_fc, axis=0), np.sort(np.abs(log_fc), axis=0))

    def p(self, log_fc: np.ndarray) -> np.ndarray:
        """p ``[variants, tracks]`` of log_fc, same shape: (k + 1) / (n + 1), k = null variants as strong or stronger.

        Never 0, and valid in finite samples (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
        """
        n = len(self.magnitudes)
        return (n - _below(self.magnitudes, np.abs(log_fc), "left") + 1) / (n + 1)

    def percentile(self, log_fc: np.ndarray) -> np.ndarray:
        """Share ``[variants, tracks]`` of null variants with a smaller log_fc, ties by half."""
        both = _below(self.signed, log_fc, "left") + _below(self.signed, log_fc, "right")
        return both / (2 * len(self.signed))


def _below(columns: np.ndarray, values: np.ndarray, side: str) -> np.ndarray:
    """How many entries of each sorted column lie below the values ``[variants, tracks]``."""
    values = np.asarray(values, np.float64)
    found = [np.searchsorted(columns[:, t], values[:, t], side=side) for t in range(columns.shape[1])]  # type: ignore[call-overload]
    return np.stack(found, axis=1)


@dataclass(frozen=True)
class Conformal:
    """Intervals for measured effects, from a calibration set (split conformal: Lei et al. 2018, JASA 113:1094).

    Per track: measured = ``slope`` x predicted, through the origin, and the interval reaches ``reach`` to either side.
    A new variant's measured effect lies in it with the level's probability where it is exchangeable with the
    calibration set: same assay, same kind of variant.

    Attributes
    ----------
    slope, reach : float64 by track; a track without enough measurements has neither
    level : probability
    number : measurements by track
    """

    slope: Mapping[str, float]
    reach: Mapping[str, float]
    level: float
    number: Mapping[str, int]

    @staticmethod
    def fit(track: np.ndarray, predicted: np.ndarray, measured: np.ndarray, level: float, seed: int = 0) -> "Conformal":
        """From measurements ``[n]``: slug of the track, predicted log_fc, measured log2 effect.

        One half, drawn by ``seed``, gives the slope; the ceil((m + 1) level)-th smallest absolute residual of the other
        half's m gives the reach. A track with fewer than needed for a finite one, or without variance, is left out.
        """
        rng = np.random.default_rng(seed)
        slopes, reaches, number = {}, {}, {}
        for slug in np.unique(track):
            x, y = predicted[track == slug], measured[track == slug]
            number[str(slug)] = len(x)
            order = rng.permutation(len(x))
            fit, rest = order[: len(x) // 2], order[len(x) // 2 :]
            rank = int(np.ceil((len(rest) + 1) * level))
            if rank > len(rest) or not np.square(x[fit]).sum() > 0:
                continue
            slopes[str(slug)] = float(x[fit] @ y[fit] / np.square(x[fit]).sum())
            reaches[str(slug)] = float(np.sort(np.abs(y[rest] - slopes[str(slug)] * x[rest]))[rank - 1])
        return Conformal(slopes, reaches, level, number)

    def interval(self, tracks: list[str], log_fc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends ``[variants, tracks]`` for log_fc of the same shape; NaN where a track has none."""
        slope = np.array([self.slope.get(slug, np.nan) for slug in tracks])
        reach = np.array([self.reach.get(slug, np.nan) for slug in tracks])
        return slope * log_fc - reach, slope * log_fc + reach


def ks_uniform(p: np.ndarray) -> float:
    """Largest distance between the distribution of p and the uniform one on [0, 1]; NaN without values."""
    p = np.asarray(p, np.float64)
    return float(stats.kstest(p, "uniform").statistic) if len(p) else float("nan")


def share_below(p: np.ndarray, level: float = 0.05) -> Estimate:
    """Share of p below ``level`` with Wilson's interval: near ``level`` where nothing happens and p is calibrated."""
    p = np.asarray(p)
    return proportion(int((p < level).sum()), len(p))
