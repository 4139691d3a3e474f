"""Rows of the metrics table, the mean over seeds, and paired differences between models."""

import numpy as np
import pytest

from presage import tables
from presage.sequence.evaluation.estimates import Estimate
from presage.sequence.evaluation.metrics import Metrics


def _seed(value: float, drawn: list[float]) -> tuple[Estimate, np.ndarray]:
    return Estimate(value, min(drawn), max(drawn), 30), np.array(drawn)


@pytest.fixture
def metrics() -> Metrics:
    """Two models, of two seeds and of one, and a model of another metric."""
    found = Metrics("test", simulated=True)
    found.add_mean("pearson", "ours", {0: _seed(0.6, [0.5, 0.7, 0.6]), 1: _seed(0.8, [0.7, 0.9, 0.8])}, "by window")
    found.add_mean("pearson", "mean", {0: _seed(0.4, [0.3, 0.5, 0.4])}, "by window")
    found.add_mean("skill", "ours", {0: _seed(0.2, [0.1, 0.3, 0.2])}, "by gene")
    return found


def test_a_row_holds_what_it_was_given_and_its_split(tmp_path):
    metrics = Metrics("valid", simulated=False)
    metrics.add("auroc", "trunk", Estimate(0.7, 0.6, 0.8, 12))
    metrics.add("auroc", "trunk", Estimate(np.nan, np.nan, np.nan, 0), group="b", seed=3, note="no positives")
    table = metrics.table()
    tables.write(tmp_path / "m.parquet", "metrics", table)
    first, second = tables.read(tmp_path / "m.parquet", "metrics").to_dict("records")
    assert first["split"] == second["split"] == "valid" and not first["simulated"]
    assert (first["group"], first["value"], first["ci_low"], first["ci_high"], first["n"]) == ("all", 0.7, 0.6, 0.8, 12)
    assert (second["group"], second["seed"], second["note"]) == ("b", 3, "no positives")
    assert table["seed"].isna().tolist() == [True, False]


def test_seeds_have_a_row_each_and_their_mean_one_without_a_seed(metrics):
    rows = metrics.table().query("metric == 'pearson' and model == 'ours'")
    assert rows["seed"].tolist()[:2] == [0, 1] and rows["seed"].isna().tolist() == [False, False, True]
    assert rows["value"].tolist() == pytest.approx([0.6, 0.8, 0.7])
    mean = rows.iloc[2]
    # Replicates are averaged draw by draw: 0.6, 0.8, 0.7.
    assert (mean["ci_low"], mean["ci_high"]) == pytest.approx((0.605, 0.795)) and mean["n"] == 30
    assert mean["note"] == "by window; mean of 2 seeds" and mean["simulated"]


def test_differences_are_of_the_same_metric_and_paired(metrics):
    before = len(metrics.table())
    metrics.add_differences("mean", "same draws")
    added = metrics.table().iloc[before:]
    assert len(added) == 1  # none of the reference with itself, none where it has no such metric
    row = added.iloc[0]
    assert (row["metric"], row["model"], row["note"]) == ("pearson_difference", "ours", "minus mean; same draws")
    # Both go up and down together, so that their difference is the same in each draw.
    assert (row["value"], row["ci_low"], row["ci_high"]) == pytest.approx((0.3, 0.3, 0.3))
