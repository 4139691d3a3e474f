"""The most that a perfect model could reach on measured coverage."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from presage.sequence.evaluation.estimates import Estimate, nanmean
from presage.sequence.evaluation.metrics import Metrics


def ceilings(qc: Mapping[str, Any], slugs: Sequence[str], simulated: bool, split: str = "test") -> pd.DataFrame:
    """Rows ``noise_ceiling`` of the `metrics` table for ``slugs``, from the pseudobulk's ``qc["tracks"]``."""
    metrics = Metrics(split, simulated)
    values = []
    for slug in slugs:
        found = qc.get(slug, {}).get("noise_ceiling", {}).get(split)
        values.append(np.nan if found is None else found)
        note = f"halves by {qc[slug]['halved_by']}" if found is not None else "halves do not vary, or were not made"
        metrics.add("noise_ceiling", "measured", Estimate(values[-1], np.nan, np.nan, 1), group=slug, note=note)
    mean = Estimate(float(nanmean(np.array(values))), np.nan, np.nan, len(values))
    metrics.add("noise_ceiling", "measured", mean, note="mean over tracks")
    return metrics.table()
