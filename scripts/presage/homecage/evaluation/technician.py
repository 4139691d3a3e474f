"""Lead over the technician, for technicians more and less attentive than ours: known in simulated worlds only."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from presage.config.distress import Alarms
from presage.homecage.evaluation import statistics
from presage.homecage.evaluation.evaluation_table import row

DAY_S = 86_400.0


def technician_rows(
    cases: pd.DataFrame, notes: pd.DataFrame, alarms: Alarms, seed: int, common: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of the ``evaluation`` table for each technician of the sweep.

    ``cases``: onsets in the ``lead_time`` table, with the first alarm from the true onset on; ``notes``: an events
    table of first notes, value = how many times as likely to note as ours. Notes before the onset count as none.
    ``lead_over_technician`` is the median over noted cases (no alarm is worse than any number), ``technician_noted``
    the share of ill cages that were noted at all.
    """
    known = cases[(cases["event"] == "onset") & (cases["status"] != "not_judged")]
    rows = []
    for factor, own in notes.groupby("value", sort=True):
        both = known.merge(own[["cage", "time_utc"]], on="cage", how="left")
        noted = (both["time_utc"] >= both["onset_utc"]).to_numpy()
        lead = (both["time_utc"] - both["decision_utc"]).dt.total_seconds().to_numpy(dtype=float)[noted] / DAY_S
        who = both["cage"].to_numpy(dtype=str)[noted]
        about = {**common, "group": f"{factor:g} x as attentive"}
        ci = statistics.bootstrap_ci(lead, who, statistics.median_with_misses, seed, alarms.bootstrap)
        missed, n, k = int(np.isnan(lead).sum()), len(both), int(noted.sum())
        note = f"median over noted cases, {missed} of {k} without alarm; bootstrap over cages"
        value = float(statistics.median_with_misses(lead)) if k else float("nan")
        rows.append(row("lead_over_technician", value=value, ci=ci, n=k, unit="d", note=note, **about))
        share = k / n if n else float("nan")
        note = "ill cages with a note; exact interval"
        rows.append(row("technician_noted", value=share, ci=statistics.binomial_ci(k, n), n=n, note=note, **about))
    return rows
