"""Is a p-value a p-value? Empirical p against a null set of variants, and how uniform p is where nothing happens."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from presage.sequence.correlation import Estimate, proportion


@dataclass(frozen=True)
class Null:
    """Absolute log2 fold changes of variants without effect: float64 ``[n, tracks]``, each column sorted ascending."""

    magnitudes: np.ndarray

    @staticmethod
    def of(log_fc: np.ndarray) -> "Null":
        """From the null set's log_fc ``[n, tracks]`` in any order. Raises ``ValueError`` when empty or not finite."""
        log_fc = np.asarray(log_fc, np.float64)
        if log_fc.ndim != 2 or not len(log_fc) or not np.isfinite(log_fc).all():
            raise ValueError(f"null log_fc of shape {log_fc.shape} must be (n, tracks), n > 0, all finite")
        return Null(np.sort(np.abs(log_fc), axis=0))

    def p(self, log_fc: np.ndarray) -> np.ndarray:
        """p ``[variants, tracks]`` of log_fc, same shape: (k + 1) / (n + 1), k = null variants as strong or stronger.

        Never 0, and valid in finite samples (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
        """
        n, tracks = self.magnitudes.shape
        size = np.abs(np.asarray(log_fc, np.float64))
        columns = [n - np.searchsorted(self.magnitudes[:, t], size[:, t], side="left") for t in range(tracks)]
        return (np.stack(columns, axis=1) + 1) / (n + 1)


def ks_uniform(p: np.ndarray) -> float:
    """Largest distance between the distribution of p and the uniform one on [0, 1]; NaN without values."""
    p = np.asarray(p, np.float64)
    return float(stats.kstest(p, "uniform").statistic) if len(p) else float("nan")


def share_below(p: np.ndarray, level: float = 0.05) -> Estimate:
    """Share of p below ``level`` with Wilson's interval: near ``level`` where nothing happens and p is calibrated."""
    p = np.asarray(p)
    return proportion(int((p < level).sum()), len(p))
