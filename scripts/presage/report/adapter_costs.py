"""What each fit of an adapter has, and what it took: from its card, and from Snakemake's own timing of the job."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from presage import text_table
from presage.report.run import NoData, Run

COLUMNS = (
    "name",
    "seed",
    "kind",
    "rank",
    "train_share",
    "adapter_parameters",
    "trainable_fraction",
    "valid_pearson",
    "seconds",
    "peak_mb",
)


def adapter_costs(run: Run) -> pd.DataFrame:
    """One row for each fit: :data:`COLUMNS`; seconds and MB are NaN where the job was not timed.

    Raises :class:`NoData` where the run has no adapter.
    """
    rows = []
    for card in run.cards():
        job = run.folder / f"benchmarks/sequence_adapt/{card['name']}.seed{card['seed']}.tsv"
        timed: Mapping[Any, Any] = text_table.read_csv(job, sep="\t").iloc[-1].to_dict() if job.is_file() else {}
        own = card.get("run", {})
        rows.append(
            (
                card["name"],
                card["seed"],
                own.get("kind", card["name"]),
                own.get("rank"),
                own.get("train_share", 1.0),
                card.get("adapter_parameters", np.nan),
                card.get("trainable_fraction", np.nan),
                card.get("valid_pearson", np.nan),
                _number(timed.get("s")),
                _number(timed.get("max_rss")),
            )
        )
    if not rows:
        raise NoData("sequence/adapt holds no adapter")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"rank": "Int64"})


def _number(value: object) -> float:
    """Snakemake writes NA or - where a job was too short to be watched."""
    return float(text_table.numbers(pd.Series([value])).iloc[0])
