"""The made-up run of the sequence branch."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from presage import tables
from tests.unit.report.made_up_run.facts import TYPES, filled


def sequence_run(folder: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("pseudobulk", "variants/planted", "evaluate", "adapt/lora/seed0"):
        (folder / "sequence" / name).mkdir(parents=True)
    reads = {"used": 51_000, "duplicate": 9_000, "low_mapq": 4_000, "no_label": 6_500}
    qc = {
        "samples": {
            "rna_a": {"reads": reads},
            "rna_b": {"reads": {**reads, "used": 40_000}},
            "atac": {"reads": {"used": 30_000, "no_label": 2_000}},
        },
        "tracks": {
            t: {
                "noise_ceiling": {"test": 0.9},
                "downsample": [{"share": 0.25, "noise_ceiling": {"test": 0.7}}],
            }
            for t in TYPES[:3]
        },
    }
    (folder / "sequence/pseudobulk/qc.json").write_text(json.dumps(qc))
    cells = [
        {
            "cell": f"c{i}",
            "barcode": f"b{i}",
            "cell_type": TYPES[i % 4],
            "used": i % 9 > 0,
            "reason": None if i % 9 else "few reads",
            "reads": int(rng.integers(200, 900)),
            "fragments": 80,
        }
        for i in range(120)
    ]
    tables.write(folder / "sequence/pseudobulk/cells.parquet", "cells", filled("cells", cells))
    tracks = [
        {
            "slug": t,
            "name": t,
            "cell_type": t,
            "assay": "rna",
            "strand": "+",
            "kept": t != "oligo",
            "cells": 30,
            "reason": "4 cells are fewer than 5" if t == "oligo" else None,
        }
        for t in TYPES
    ]
    tables.write(folder / "sequence/pseudobulk/tracks.parquet", "tracks", filled("tracks", tracks))
    scores = []
    for i in range(60):
        for t in TYPES:
            effect = float(rng.normal(0, 1.0 if i < 20 and t in TYPES[:2] else 0.1))
            scores.append(
                {
                    "variant": f"chr1:{1000 + i}:A:<b>G" if i == 0 else f"chr1:{1000 + i}:A:G",
                    "chrom": "chr1",
                    "cell_type": t,
                    "assay": "rna",
                    "track": t,
                    "log_fc": effect,
                    "strand": "+",
                    "main_strand": True,
                    "p_null": float(rng.uniform()),
                }
            )
    tables.write(folder / "sequence/variants/planted/scores.parquet", "scores", filled("scores", scores))
    dropped = [{"chrom": "chr1", "reason": "REF differs from the genome"}] * 3
    tables.write(folder / "sequence/variants/planted/dropped.parquet", "dropped", filled("dropped", dropped))
    truth = [
        {
            "variant": row["variant"],
            "kind": "causal" if i < 80 else "control",
            "assay": "rna",
            "cell_type": row["cell_type"],
            "effect_log2": row["log_fc"] if abs(row["log_fc"]) > 0.3 else 0.0,
        }
        for i, row in enumerate(scores)
    ]
    (folder / "worlds/genome/truth").mkdir(parents=True)
    tables.write(folder / "worlds/genome/truth/variants.parquet", "truth_variants", filled("truth_variants", truth))
    bins = [
        {"track": t, "bin": b, "observed": float(o), "predicted": float(o * 0.7 + 0.2 * rng.uniform())}
        for t in TYPES
        for b, o in enumerate(rng.gamma(0.4, 1.0, 120))
    ]
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(bins)), folder / "sequence/evaluate/examples.parquet")
    (folder / "sequence/trunk").mkdir()
    (folder / "sequence/trunk/card.json").write_text(json.dumps({"trunk_parameters": 300_000}))
    card = {"trainable_fraction": 0.021, "head_parameters": 400, "adapter_parameters": 6_300, "valid_pearson": 0.6}
    card["run"] = {"kind": "lora", "rank": 4, "train_share": 1.0}
    (folder / "sequence/adapt/lora/seed0/card.json").write_text(json.dumps(card))
    (folder / "benchmarks/sequence_adapt").mkdir(parents=True)
    (folder / "benchmarks/sequence_adapt/lora.seed0.tsv").write_text("s\tmax_rss\n61.5\t900.2\n")
    tables.write(folder / "sequence/evaluate/metrics.parquet", "metrics", metrics(rng))
    steps = np.linspace(0, 1, 30)
    roc = [
        {
            "set": "p",
            "model": m,
            "group": "all",
            "false_positive_rate": x,
            "true_positive_rate": x**power,
            "precision": 1 - x / 2,
        }
        for m, power in (("oracle", 0.1), ("model", 0.3))
        for x in steps
    ]
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(roc)), folder / "sequence/evaluate/roc.parquet")
    held_out(folder, rng)


def held_out(folder: Path, rng: np.random.Generator) -> None:
    """The audit, hold-outs, a saturated region."""
    leakage = [
        {"item": f"{kind}{i}", "kind": kind, "chrom": "chr1", "fold": ("train", "test", "outside")[i % 3]}
        for kind in ("window", "gene", "variant", "mpra")
        for i in range(12)
    ]
    tables.write(folder / "sequence/evaluate/leakage.parquet", "leakage", filled("leakage", leakage))
    rows = [
        {
            "axis": axis,
            "held_out": value,
            "metric": "bin_pearson",
            "model": "lora",
            "predictor": predictor,
            "group": "all",
            "assay": "all",
            "split": "test",
            "value": r,
            "ci_low": r - 0.04,
            "ci_high": r + 0.04,
            "drop": None if predictor == "in_sample" else 0.7 - r,
            "drop_low": None if predictor == "in_sample" else 0.66 - r,
            "drop_high": None if predictor == "in_sample" else 0.74 - r,
            "retained": None if predictor == "in_sample" else r / 0.7,
            "ceiling": 0.9,
            "primary": predictor == "nearest_head",
        }
        for axis, value in (("cell_type", "astro"), ("donor", "d1"))
        for predictor, r in (("in_sample", 0.7), ("nearest_head", 0.55), ("mean_of_kept", 0.5))
    ]
    tables.write(folder / "sequence/evaluate/generalise.parquet", "generalise", filled("generalise", rows))
    (folder / "sequence/ism").mkdir()
    changes = [
        {"chrom": "chr1", "pos": 500 + i, "ref": ref, "alt": alt, "track": t, "cell_type": t, "assay": "rna"}
        | {"log_fc": float(rng.normal(0, 0.1 + (10 < i < 18)))}
        for i, ref in enumerate("ACGT" * 10)
        for alt in "ACGT"
        for t in TYPES
        if alt != ref
    ]
    tables.write(folder / "sequence/ism/tss.parquet", "ism", filled("ism", changes))
    (folder / "sequence/ism/tss.svg").write_text("<svg/>")


def metrics(rng: np.random.Generator) -> pd.DataFrame:
    """Evaluation rows of two adapters, the baseline that has no r over types, and the variants."""
    rows = []
    for model, level in (("lora", 0.6), ("linear", 0.45), ("mean_of_types", 0.5)):
        for group in [*TYPES, "all"]:
            value = level + rng.normal(0, 0.03)
            rows.append(
                {
                    "metric": "bin_pearson",
                    "model": model,
                    "seed": None if group == "all" else 0,
                    "split": "test",
                    "group": group,
                    "value": value,
                    "ci_low": value - 0.05,
                    "ci_high": value + 0.05,
                    "n": 40,
                }
            )
        known = model != "mean_of_types"
        rows.append(
            {
                "metric": "across_types_r",
                "model": model,
                "seed": None,
                "split": "test",
                "group": "all",
                "n": 30,
                "value": level / 2 if known else None,
                "ci_low": level / 2 - 0.1 if known else None,
                "ci_high": level / 2 + 0.1 if known else None,
                "note": None if known else "constant over types: undefined",
            }
        )
    for model, level in (("lora", 0.5), ("linear", 0.4)):
        for name in ("gene_pearson", "gene_centred_r", "skill"):
            for group in ("all", *(TYPES if name == "gene_centred_r" else ())):
                found = {"metric": name, "model": model, "split": "test", "group": group, "value": level, "n": 30}
                rows.append({**found, "seed": None, "ci_low": level - 0.1, "ci_high": level + 0.1})
    rows.append(
        {"metric": "variant_auprc", "model": "lora", "split": "not_train", "group": "tss 0-1 kb", "value": 0.8, "n": 60}
    )
    for name, model, value in (
        ("variant_auroc", "lora", 0.87),
        ("variant_oracle_auroc", "oracle", 0.97),
        ("variant_sign_accuracy", "lora", 0.91),
        ("variant_top_type", "lora", 0.85),
    ):
        rows.append(
            {
                "metric": name,
                "model": model,
                "seed": 0,
                "split": "not_train",
                "group": "all",
                "value": value,
                "ci_low": value - 0.02,
                "ci_high": value + 0.02,
                "n": 60,
            }
        )
    return filled("metrics", rows, simulated=True)
