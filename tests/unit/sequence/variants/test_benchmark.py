"""Labelled variants: numbers of scikit-learn and scipy, by fold and distance, and reasons where there is none."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from presage import tables
from presage.sequence.variants.benchmark import DISTANCE, Benchmark, benchmark, bin_name, groups, splits


def case(n=300, seed=0):
    rng = np.random.default_rng(seed)
    causal = rng.random(n) < 0.3
    effect = np.where(causal, rng.normal(size=n), np.nan)
    predicted = np.where(causal, np.nan_to_num(effect) + rng.normal(size=n), 0.3 * rng.normal(size=n)).round(1)
    distance = rng.exponential(20_000, n) * np.where(causal, 0.5, 1) * rng.choice([-1, 1], n)
    distance[:5] = np.nan
    fold = rng.choice(["train", "valid", "test", "outside"], n)
    rows = {"causal": causal, "effect": effect, "score": np.abs(predicted), "predicted": predicted}
    return Benchmark(pd.DataFrame({**rows, "distance": distance, "fold": fold}), "score: |log_fc|")


def value(table, metric, model="m", group="all", split="not_train"):
    same = (table["metric"] == metric) & (table["model"] == model) & (table["group"] == group)
    (row,) = table[same & (table["split"] == split)].itertuples()
    return row


def test_numbers_are_those_of_scikit_learn_and_scipy(tmp_path):
    given = case(1500)
    table = benchmark(given, "m", [1000, 10_000], resamples=100, simulated=True)
    tables.write(tmp_path / "m.parquet", "metrics", table)
    for split, part in splits(given.rows).items():
        for group, rows in groups(part, [1000, 10_000]):
            causal, known = rows["causal"], rows[rows["causal"]]
            near = -rows["distance"].abs().fillna(np.inf).clip(upper=1e12)
            for model, score in (("m", rows["score"]), (DISTANCE, near)):
                assert value(table, "variant_auroc", model, group, split).value == pytest.approx(
                    roc_auc_score(causal, score)
                )
                found = value(table, "variant_auprc", model, group, split)
                assert found.value == pytest.approx(average_precision_score(causal, score))
                assert found.ci_low <= found.value <= found.ci_high and found.n == len(rows)
            gain = value(table, "variant_auroc_difference", "m", group, split).value
            assert gain == pytest.approx(roc_auc_score(causal, rows["score"]) - roc_auc_score(causal, near))
            rho = value(table, "variant_spearman", "m", group, split).value
            assert rho == pytest.approx(spearmanr(known["predicted"], known["effect"]).statistic, nan_ok=True)
            signs = value(table, "variant_sign_accuracy", "m", group, split)
            assert signs.value == pytest.approx((np.sign(known["predicted"]) == np.sign(known["effect"])).mean())
    assert set(table["split"]) == {"not_train", "all", "train", "valid", "test", "outside"}


def test_bins_hold_every_variant_with_a_start_once():
    rows = case().rows
    names = dict(groups(rows, [1000, 10_000], "eqtl"))
    assert list(names) == ["eqtl", "eqtl, tss 0-1 kb", "eqtl, tss 1-10 kb", "eqtl, tss >10 kb"]
    assert sum(len(part) for name, part in names.items() if name != "eqtl") == rows["distance"].notna().sum()
    assert bin_name(0, 316) == "tss 0-0.316 kb"


@pytest.mark.parametrize(
    ("change", "metric", "note"),
    [
        ({"causal": True}, "variant_auroc", "needs causal variants and controls"),
        ({"causal": False}, "variant_auprc", "needs causal variants and controls"),
        ({"effect": np.nan}, "variant_spearman", "fewer than three effects"),
        ({"predicted": 1.0}, "variant_spearman", "a side does not vary"),
        ({"effect": np.nan}, "variant_sign_accuracy", "no causal variant with a known effect"),
    ],
)
def test_what_cannot_be_told_is_null_with_its_reason(change, metric, note):
    given = case(60)
    table = benchmark(given._replace(rows=given.rows.assign(**change)), "m", [1000], resamples=20)
    row = value(table, metric, split="all")
    assert np.isnan(row.value) and note in row.note


def test_one_variant():
    given = case()
    table = benchmark(given._replace(rows=given.rows.iloc[[10]]), "m", [1000], resamples=20)
    assert table.loc[table["metric"] != "variant_sign_accuracy", "value"].isna().all()
    assert table["note"].str.len().min() > 5


def test_unknown_folds_are_no_held_out_ones():
    rows = case().rows.assign(fold="unknown")
    assert len(splits(rows)["not_train"]) == 0 and len(splits(rows)["all"]) == len(rows)
