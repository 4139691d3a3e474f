"""How far predicted effects of single-base changes agree with measured ones: Pearson and Spearman with intervals."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from presage.config.ism import Mpra
from presage.sequence.evaluation.correlation import moments, pearson_from_moments
from presage.sequence.evaluation.estimates import Estimate, interval, resample_counts
from presage.tables import SCHEMAS

MEAN = "mean of tracks"  # in place of a slug
KINDS = {"all": "[ACGT-]", "snv": "[ACGT]", "deletion": "-"}


def agreement(effects: pd.DataFrame, settings: Mpra) -> pd.DataFrame:
    """Rows of the `mpra` table from an `mpra_effects` table: each element, background, track and kind of change.

    Changes that fewer than ``min_barcodes`` measured are left out and counted. A further track is the mean of all
    tracks. Intervals: blocks of positions are drawn with replacement; ranks are those of all changes.
    """
    keys = ["element", "chrom", "pos", "ref", "alt", "measured", "barcodes", "background"]
    means = effects.groupby(keys, sort=False, dropna=False)["log_fc"].mean().reset_index()
    means = means.assign(track=MEAN, cell_type="all", assay="all")
    rows = []
    columns = ["element", "background", "track", "cell_type", "assay"]
    for names, group in pd.concat([effects, means]).groupby(columns, sort=False):
        enough = group[group["barcodes"].isna() | (group["barcodes"] >= settings.min_barcodes)]
        for kind, pattern in KINDS.items():
            own, left = (part[part["alt"].str.fullmatch(pattern)] for part in (enough, group))
            estimates = {name: _correlation(own, settings, name == "spearman") for name in ("pearson", "spearman")}
            values = {
                f"{name}{end}": value
                for name, found in estimates.items()
                for end, value in (("", found.value), ("_low", found.low), ("_high", found.high))
            }
            counts = {"kind": kind, "n": len(own), "left_out": len(left) - len(own)}
            rows.append(dict(zip(columns, names)) | counts | values)
    return pd.DataFrame(rows, columns=SCHEMAS["mpra"].names)


def _correlation(rows: pd.DataFrame, settings: Mpra, ranks: bool) -> Estimate:
    """Pearson's r of measured and predicted effects, or of their ranks, with its block bootstrap."""
    if len(rows) < 3:
        return Estimate(np.nan, np.nan, np.nan, len(rows))
    pair = [rows["log_fc"].to_numpy(), rows["measured"].to_numpy()]
    pair = [rankdata(values) if ranks else values for values in pair]
    x, y = (values - values.mean() for values in pair)
    blocks = (rows["pos"] - rows["pos"].min()).to_numpy() // settings.block
    units = np.stack([moments(x[blocks == b, None], y[blocks == b, None]) for b in np.unique(blocks)])
    counts = resample_counts(len(units), settings.bootstrap, settings.seed)
    value = pearson_from_moments(units.sum(0))[0]
    return interval(value, pearson_from_moments(np.tensordot(counts, units, axes=1))[:, 0], len(rows))
