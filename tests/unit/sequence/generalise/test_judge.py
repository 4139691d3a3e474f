"""Judging a hold-out: numbers recomputed the plain way, and no skill where there is none."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from presage import tables
from presage.sequence.evaluation.genes import locate
from presage.sequence.generalise.judge import Held, judge
from presage.sequence.generalise.predictors import (
    DECODER,
    IN_SAMPLE,
    MEAN_MEASURED,
    NEAREST,
    NEAREST_MEASURED,
    of_mean,
    of_nearest,
    of_same_type,
)
from presage.sequence.generalise.told import Told
from presage.study.hold_outs import HoldOut

BINS, WINDOWS = 16, 40
KEPT = ["a", "b", "c"]


def info(types):
    rows = [(f"{t}_rna{s}", t, "rna", s) for t in types for s in "+-"] + [(f"{t}_atac", t, "atac", ".") for t in types]
    return pd.DataFrame(rows, columns=["track", "cell_type", "assay", "strand"])


def told(values, types):
    return Told.of(lambda rows: values[rows], info(types), None, np.arange(len(values)))


def case(seed=0, like="a", noise=0.2):
    """Measured kept types a, b, c and a held-out one, h, that is ``like`` one of them (or like none)."""
    rng = np.random.default_rng(seed)
    kept = rng.gamma(1, 1, (WINDOWS, BINS, 9))
    place = {"a": [0, 1, 6], "b": [2, 3, 7], "c": [4, 5, 8]}
    held = kept[..., place[like]] if like else rng.gamma(1, 1, (WINDOWS, BINS, 3))
    held = held * np.array([3, 0.5, 10]) + noise * rng.gamma(1, 1, held.shape)  # of another depth
    return rng, kept, held


def held_of(kept, held, genes=None):
    rows = np.arange(WINDOWS)
    out = HoldOut("cell_type", "h", "h")
    ceiling = np.array([0.9, 0.8, np.nan])
    return Held(out, told(held, ["h"]), told(kept, KEPT), KEPT, rows, "test", genes, ceiling, True)


def row(table, metric, predictor, group="all", assay="all", seed=None):
    same = (table["metric"] == metric) & (table["predictor"] == predictor) & (table["group"] == group)
    found = table[same & (table["assay"] == assay)]
    found = found[found["seed"].isna()] if seed is None else found[found["seed"] == seed]
    assert len(found) == 1, (metric, predictor, group, assay, seed)
    return found.iloc[0]


def test_numbers_equal_the_plain_way():
    rng, kept, held = case()
    fits = {seed: rng.gamma(1, 1, kept.shape) + kept for seed in (1, 2)}
    whole = {
        seed: np.concatenate([f[..., :6], held[..., :2], f[..., 6:], held[..., 2:]], -1) for seed, f in fits.items()
    }
    judged = held_of(kept, held)
    predictors = [
        of_nearest(NEAREST, s, told(f, KEPT), judged.measured, KEPT, judged.rows, True) for s, f in fits.items()
    ]
    predictors += [
        of_same_type(IN_SAMPLE, s, told(f, [*KEPT, "h"]), judged.measured.info, True) for s, f in whole.items()
    ]
    predictors += [
        of_nearest(NEAREST_MEASURED, None, judged.reference, judged.measured, KEPT, judged.rows, False),
        of_mean(judged.reference, judged.measured.info, KEPT),
    ]
    table = judge(judged, predictors, "lora", resamples=200)
    tables.SCHEMAS["generalise"]
    assert list(table.columns) == tables.SCHEMAS["generalise"].names
    level = lambda v: v / v.mean((0, 1))  # noqa: E731
    for seed, fit in fits.items():
        assert row(table, "bin_pearson", NEAREST, "h_atac", "atac", seed)["source"] == "a_atac"
        expected = stats.pearsonr(fit[..., 6].ravel(), held[..., 2].ravel()).statistic
        assert row(table, "bin_pearson", NEAREST, "h_atac", "atac", seed)["value"] == pytest.approx(expected)
        own, mean = level(fit), level(kept)
        special = own[..., 6] - own[..., 6:].mean(-1), level(held)[..., 2] - mean[..., 6:].mean(-1)
        expected = stats.pearsonr(*(v.ravel() for v in special)).statistic
        assert row(table, "specific_r", NEAREST, "h_atac", "atac", seed)["value"] == pytest.approx(expected)
    both = [row(table, "bin_pearson", NEAREST, seed=s)["value"] for s in fits]
    whole_row, mine = row(table, "bin_pearson", IN_SAMPLE), row(table, "bin_pearson", NEAREST)
    assert mine["value"] == pytest.approx(np.mean(both)) and whole_row["value"] == pytest.approx(1)
    assert mine["drop"] == pytest.approx(1 - mine["value"]) and mine["drop_low"] < mine["drop"] < mine["drop_high"]
    assert mine["retained"] == pytest.approx(mine["value"]) and mine["ceiling"] == pytest.approx(0.85)
    assert np.isnan(whole_row["drop"])
    average = np.mean([level(kept)[..., i] for i in (6, 7, 8)], axis=0)
    expected = stats.pearsonr(average.ravel(), held[..., 2].ravel()).statistic
    assert row(table, "bin_pearson", MEAN_MEASURED, "h_atac", "atac")["value"] == pytest.approx(expected)
    assert set(table["predictor"][table["metric"] == "specific_r"]) == {NEAREST, IN_SAMPLE}
    assert set(table["predictor"][table["primary"]]) == {NEAREST}


@pytest.mark.parametrize("seed", range(5))
def test_a_prediction_that_knows_nothing_special_has_no_specific_r(seed):
    """What a model takes off is its own mean, so that nothing is shared with the measurement."""
    rng, kept, held = case(seed, like=None)
    fit = kept + rng.gamma(1, 1, kept.shape)  # knows the kept types, and not the held-out one
    judged = held_of(kept, held)
    found = of_nearest(NEAREST, 1, told(fit, KEPT), judged.measured, KEPT, judged.rows, True)
    alone = of_same_type(DECODER, None, told(rng.gamma(1, 1, held.shape), ["h"]), judged.measured.info, True)
    table = judge(judged, [found, alone], "lora", resamples=200)
    low, high = row(table, "specific_r", DECODER)[["ci_low", "ci_high"]]
    assert low < 0.06 and high > -0.06
    assert set(table["predictor"][table["primary"]]) == {DECODER}  # it comes before the nearest head


def test_genes():
    _, kept, held = case(3)
    windows = pd.DataFrame(
        {"chrom": "c", "out_start": np.arange(WINDOWS) * 100, "out_end": np.arange(WINDOWS) * 100 + 64}
    )
    rng = np.random.default_rng(1)
    start = rng.integers(0, 4000, 60)
    rows = [(f"g{i}", "c", s, s + 12, "+-"[i % 2], [s], [s + 12], "test") for i, s in enumerate(start.tolist())]
    genes = pd.DataFrame(
        rows, columns=["gene_id", "chrom", "start", "end", "strand", "exon_starts", "exon_ends", "fold"]
    )
    located = locate(genes, windows, info(["h"]), 4, "test")
    judged = held_of(kept, held, located)
    whole = np.concatenate([kept[..., :6], held[..., :2], kept[..., 6:], held[..., 2:]], -1)
    found = [
        of_nearest(NEAREST, 1, told(kept, KEPT), judged.measured, KEPT, judged.rows, True),
        of_same_type(IN_SAMPLE, 1, told(whole, [*KEPT, "h"]), judged.measured.info, True),
    ]
    table = judge(judged, found, "lora", resamples=100)
    for metric in ("gene_pearson", "gene_specific_r"):
        assert row(table, metric, IN_SAMPLE, "h", "rna")["value"] == pytest.approx(1)
        near = row(table, metric, NEAREST, "h", "rna")
        assert 0.5 < near["value"] < 1 and near["n"] == len(located.columns) and near["source"] == "a_rna+, a_rna-"


def test_a_type_without_the_assay_cannot_stand_in():
    _, kept, held = case()
    judged = held_of(kept, held)
    rna_only = Told.of(lambda rows: kept[rows][..., :6], info(KEPT).iloc[:6], None, judged.rows)
    assert of_nearest(NEAREST, 1, rna_only, judged.measured, KEPT, judged.rows, True) is None
    assert of_same_type(IN_SAMPLE, 1, rna_only, judged.measured.info, True) is None
    assert of_mean(rna_only, judged.measured.info, KEPT) is None
