"""Variant effects against planted truth: constructed scores whose metrics are known."""

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.errors import UserError
from presage.sequence.variants.benchmark import benchmark, benchmark_curves
from presage.sequence.variants.planted import as_benchmark, evaluate_variants

SLUGS = ["a_rna_plus", "a_rna_minus", "b_rna_plus", "b_rna_minus", "a_atac", "b_atac"]
TRACKS = pd.DataFrame({"slug": SLUGS, "strand": ["+", "-", "+", "-", ".", "."]})
GENES = pd.DataFrame({"gene_id": ["g+", "g-"], "strand": ["+", "-"]})
COLUMN = {("rna", "a"): (0, 1), ("rna", "b"): (2, 3), ("atac", "a"): (4, 4), ("atac", "b"): (5, 5)}


def world(n_causal=60, n_control=180, noise=0.05, seed=0):
    """Truth, and scores that are the truth plus noise; RNA tracks of the other strand than the gene's lie."""
    rng = np.random.default_rng(seed)
    truth, scores = [], []
    for i in range(n_causal + n_control):
        causal = i < n_causal
        gene = "g+" if rng.random() < 0.5 else "g-"
        ref, alt = ("A", "C") if i % 5 else ("A", "AGT")
        fold = ("train", "valid", "test", "outside")[i % 4]
        effect = {
            key: (rng.choice([-1, 1]) * rng.uniform(0.2, 1) if causal else rng.normal(0, 0.005)) for key in COLUMN
        }
        log_fc = np.zeros(6)
        for (assay, kind), value in effect.items():
            known = "causal" if causal else "control"
            truth.append((f"v{i}", known, "AB"[i % 2], assay, kind, gene if assay == "rna" else None, value))
            sense, other = COLUMN[assay, kind][:: 1 if gene == "g+" else -1]
            log_fc[other] = -3 * value if sense != other else 0
            log_fc[sense] = value
        log_fc += rng.normal(0, noise, 6)
        for t, slug in enumerate(SLUGS):
            assay, kind = slug.split("_")[1], slug[0]
            scores.append((f"v{i}", ref, alt, slug, kind, assay, log_fc[t], rng.random(), fold))
    truth = pd.DataFrame(truth, columns=["variant", "kind", "motif", "assay", "cell_type", "gene", "effect_log2"])
    names = ["variant", "ref", "alt", "track", "cell_type", "assay", "log_fc", "p_null", "fold"]
    return truth, pd.DataFrame(scores, columns=names)


def number_specific(truth, scores, group):
    """Causal variants outside of train with at least twice the effect in one type, in the group's assay."""
    kept = set(scores["variant"][scores["fold"] != "train"])
    count = 0
    for variant, rows in truth[truth["kind"] == "causal"].groupby("variant"):
        size = {assay: sorted(part["effect_log2"].abs()) for assay, part in rows.groupby("assay")}
        assay = max(size, key=lambda a: size[a][-1]) if group == "all" else group
        count += variant in kept and size[assay][-1] >= 2 * size[assay][-2]
    return count


def get(table, metric, split="not_train", group="all"):
    rows = table[(table["metric"] == metric) & (table["split"] == split) & (table["group"] == group)]
    assert len(rows) == 1, (metric, split, group)
    return rows.iloc[0]


def test_a_motif_that_was_not_learned_stands_out():
    truth, scores = world(noise=0.01)
    missed = scores["variant"].isin(truth.loc[(truth["motif"] == "B") & (truth["kind"] == "causal"), "variant"])
    scores.loc[missed, "log_fc"] = np.random.default_rng(1).normal(0, 0.01, missed.sum())
    table = evaluate_variants(scores, truth, TRACKS, GENES, resamples=20)
    whole, learned, missing = (get(table, "variant_auroc", group=g) for g in ("all", "motif A", "motif B"))
    assert learned["value"] > 0.99 and missing["value"] < 0.75 and missing["value"] < whole["value"] < learned["value"]
    assert (learned["n"], missing["n"]) == (135 + 15, 135 + 30)  # against all controls outside the training fold
    assert get(table, "variant_sign_accuracy", group="motif A")["value"] > 0.95
    assert get(table, "variant_sign_accuracy", group="motif B")["value"] < 0.8
    assert "motif A" not in set(table.loc[table["split"] == "test", "group"])


def test_good_scores_are_found_good(tmp_path):
    truth, scores = world()
    null = truth.iloc[:4].assign(variant="n1", kind="null")
    table = evaluate_variants(scores, pd.concat([truth, null]), TRACKS, GENES, model="lora", seed=1, resamples=100)
    tables.write(tmp_path / "m.parquet", "metrics", table)
    assert get(table, "variant_auroc")["n"] == 180 and get(table, "variant_auroc", "all")["n"] == 240
    assert get(table, "variant_auroc")["value"] > 0.99 and get(table, "variant_oracle_auroc")["value"] == 1
    assert get(table, "variant_recovered_share")["value"] > 0.98
    assert get(table, "variant_auroc", "all", "indel")["n"] == 48
    for group in ("all", "rna", "atac"):  # right only when the gene's own strand is read
        assert get(table, "variant_sign_accuracy", group=group)["value"] > 0.95
        assert get(table, "variant_sign_accuracy", group=group)["n"] == 45
        top = get(table, "variant_top_type", group=group)
        assert top["value"] > 0.95 and top["n"] == number_specific(truth, scores, group)
    assert get(table, "null_ks")["value"] < 0.06 and get(table, "null_ks")["n"] == 135 * 6
    assert get(table, "null_below_0.05", group="b_atac")["n"] == 135
    assert table["simulated"].all() and get(table, "variant_oracle_auroc")["model"] == "oracle"


def test_blind_scores_are_found_blind():
    truth, scores = world()
    rng = np.random.default_rng(2)
    blind = scores.assign(log_fc=rng.normal(size=len(scores)))
    table = evaluate_variants(blind, truth, TRACKS, GENES, resamples=100)
    for metric, chance in (
        ("variant_auroc", 0.5),
        ("variant_recovered_share", 0),
        ("variant_sign_accuracy", 0.5),
        ("variant_top_type", 0.5),
    ):
        row = get(table, metric, "all")
        assert row["ci_low"] < chance < row["ci_high"]
    flipped = evaluate_variants(scores.assign(log_fc=-scores["log_fc"]), truth, TRACKS, GENES, resamples=100)
    assert get(flipped, "variant_sign_accuracy")["value"] < 0.05 and get(flipped, "variant_auroc")["value"] > 0.99


def test_undefined_has_a_reason():
    truth, scores = world(n_control=0)
    table = evaluate_variants(scores.assign(p_null=np.nan), truth, TRACKS, GENES, resamples=100)
    undefined = table[table["value"].isna()]
    assert set(undefined["metric"]) == {
        "variant_auroc",
        "variant_oracle_auroc",
        "variant_recovered_share",
        "null_ks",
        "null_below_0.05",
    }
    assert undefined["note"].str.len().min() > 5
    with pytest.raises(UserError, match="none of the scored variants"):
        evaluate_variants(scores.assign(variant="x"), truth, TRACKS)


def test_curves_are_the_auroc():
    truth, scores = world(noise=0.6)
    scores["log_fc"] = scores["log_fc"].round(1)  # ties
    scores["tss_distance"] = pd.array(np.arange(len(scores)) % 5000, "Int64")
    table = evaluate_variants(scores, truth, TRACKS, GENES, resamples=100)
    known = {"planted": as_benchmark(scores, truth, TRACKS, GENES)}
    found = benchmark_curves(known, {"score": "model", "oracle": "oracle"}, [1000])
    for model, metric in (("model", "variant_auroc"), ("oracle", "variant_oracle_auroc")):
        curve = found[(found["model"] == model) & (found["group"] == "all")]
        rates = curve[["false_positive_rate", "true_positive_rate"]]
        area = np.trapezoid(rates["true_positive_rate"], rates["false_positive_rate"])
        assert area == pytest.approx(get(table, metric)["value"])
        assert rates.iloc[0].tolist() == [0, 0] and rates.iloc[-1].tolist() == [1, 1]


def test_as_a_benchmark_the_signs_are_those_of_the_planted_truth():
    truth, scores = world(noise=0.6)
    scores["tss_distance"] = pd.array(np.arange(len(scores)) % 5000, "Int64")
    table = evaluate_variants(scores, truth, TRACKS, GENES, resamples=100)
    rows = benchmark(as_benchmark(scores, truth, TRACKS, GENES), "m", [1000], resamples=50)
    same = rows[(rows["group"] == "all") & (rows["split"] == "not_train") & (rows["model"] == "m")].set_index("metric")
    assert same.loc["variant_auroc", "value"] == pytest.approx(get(table, "variant_auroc")["value"])
    assert same.loc["variant_sign_accuracy", "value"] == pytest.approx(get(table, "variant_sign_accuracy")["value"])
