"""How sure: do replicates (models, strands, shifts) agree on an effect, on its sign, and on its cell type?"""

from typing import NamedTuple

import numpy as np
import pandas as pd


class Agreement(NamedTuple):
    """float64 ``[variants, tracks]`` each; the SDs are NaN where there is but one replicate.

    Attributes
    ----------
    log_fc_sd : sample standard deviation over replicates
    sign_agreement : share of replicates with the sign of the mean
    specificity : mean over replicates of log_fc minus its mean over the cell types of the same assay and strand
    specificity_sd : its sample standard deviation over replicates
    top_share : share of replicates in which this track's |log_fc| is the largest of its assay and strand
    """

    log_fc_sd: np.ndarray
    sign_agreement: np.ndarray
    specificity: np.ndarray
    specificity_sd: np.ndarray
    top_share: np.ndarray


def agreement(log_fc: np.ndarray, tracks: pd.DataFrame) -> Agreement:
    """From log_fc ``[replicates, variants, tracks]``; ``tracks`` has columns ``assay strand``, one row per track."""
    specific, top = np.empty_like(log_fc), np.zeros_like(log_fc)
    for same in tracks.reset_index(drop=True).groupby(["assay", "strand"]).groups.values():
        part = log_fc[..., same]
        specific[..., same] = part - part.mean(axis=-1, keepdims=True)
        size = np.abs(part)
        largest = (size == size.max(axis=-1, keepdims=True)) & (size > 0)
        top[..., same] = largest / np.maximum(1, largest.sum(axis=-1, keepdims=True))
    return Agreement(spread(log_fc), signs(log_fc), specific.mean(axis=0), spread(specific), top.mean(axis=0))


def spread(values: np.ndarray) -> np.ndarray:
    """Sample standard deviation over the first axis; NaN where it has one entry."""
    return values.std(axis=0, ddof=1) if len(values) > 1 else np.full(values.shape[1:], np.nan)


def signs(values: np.ndarray) -> np.ndarray:
    """Share of entries along the first axis that have the sign of their mean; where the mean is 0, that are 0."""
    return (np.sign(values) == np.sign(values.mean(axis=0))).mean(axis=0)
