"""A small run folder with every table that the report reads, made up from seeded noise: no meaning."""

import datetime as dt
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from presage import tables
from presage.config.distress import Detector, FeatureWeight

START = dt.date(2026, 3, 2)
DAYS = 24
TYPES = ["astro", "micro", "neuron", "oligo"]
EVENTS = pd.DataFrame(
    [
        ("C01", "onset", 14.3),
        ("C01", "weight_loss_5pct", 19.1),
        ("C01", "technician_note", 19.3),
        ("C02", "onset", 15.2),
        ("C02", "weight_loss_5pct", 20.4),
        ("C02", "cage_change", 7.1),
        ("C03", "cage_change", 7.1),
        ("C05", "camera_fault", 23.5),
    ],
    columns=["cage", "kind", "day"],
)


def filled(table: str, rows: list[dict], **common: object) -> pd.DataFrame:
    """Rows completed with neutral values for the columns of ``table`` that nobody here looks at."""
    neutral = {"string": "x", "int32": 1, "int64": 1, "float": 0.0, "double": 0.0, "bool": False}
    frame = pd.DataFrame(rows).assign(**common)
    for field in tables.SCHEMAS[table]:
        if field.name not in frame:
            frame[field.name] = None if field.nullable else neutral[str(field.type)]
        elif not field.nullable:
            frame[field.name] = frame[field.name].fillna(neutral.get(str(field.type), ""))
    return frame[tables.SCHEMAS[table].names]


def utc(day: float) -> pd.Timestamp:
    """``day`` days after ZT0 of the first cage-day (06:00 UTC)."""
    return (pd.Timestamp(START, tz="UTC") + pd.Timedelta(hours=6) + pd.Timedelta(days=day)).floor("min")


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


def colony(days: int = DAYS) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Daily features, detector scores and alarms of six cages: C01 and C02 fall ill, C05 is not seen at the end."""
    rng = np.random.default_rng(2)
    daily, scores = [], []
    for cage in [f"C0{i}" for i in range(1, 7)]:
        onset = EVENTS.loc[(EVENTS["cage"] == cage) & (EVENTS["kind"] == "onset"), "day"]
        for d in range(days):
            ill = len(onset) > 0 and d > onset.iloc[0]
            level = rng.normal(100, 12) * (max(0.4, 1 - 0.15 * (d - onset.iloc[0])) if ill else 1)
            lost = cage == "C05" and d >= days - 2
            for name, unit in (
                ("night_distance", "px/min at 5 fps"),
                ("night_sleep_fraction", "1"),
                ("day_distance", "px/min at 5 fps"),
            ):
                value = None if lost else level if "distance" in name else 0.5 + (100 - level) / 300
                daily.append(
                    {
                        "cage": cage,
                        "date": START + dt.timedelta(days=d),
                        "name": name,
                        "value": value,
                        "unit": unit,
                        "coverage": 0.1 if lost else 0.97,
                        "end_utc": utc(d + 1),
                        "sampling": "s",
                        "provisional": d == days - 1,
                    }
                )
            score = None if lost else max(0.0, (100 - level) / 12 + rng.normal(0, 0.3))
            warm = d < 7
            scores.append(
                {
                    "cage": cage,
                    "date": START + dt.timedelta(days=d),
                    "decision_utc": utc(d + 1.02),
                    "score": score,
                    "threshold": 3.0,
                    "alarm": bool(not warm and score is not None and score > 3),
                    "no_call": lost,
                    "warm_up": warm,
                    "explanation": "night distance 3.4 robust SD below its own baseline"
                    if score and score > 3
                    else None,
                }
            )
    scores = filled("distress_scores", scores)
    alarms = []
    for cage, rows in scores[scores["alarm"]].groupby("cage"):
        alarms.append(
            {
                "cage": cage,
                "first_date": rows["date"].min(),
                "last_date": rows["date"].max(),
                "alarm_days": len(rows),
                "decision_utc": rows["decision_utc"].min(),
                "score": rows["score"].max(),
                "threshold": 3.0,
                "budget": 1.0,
                "level": "check",
                "explanation": "night distance far below <its> own baseline",
            }
        )
    return filled("daily", daily), scores, filled("alarms", alarms)


def hourly(daily: pd.DataFrame) -> pd.DataFrame:
    """Active by night, as far as the day's value says; nothing was seen of days without one."""
    rng = np.random.default_rng(3)
    parts = []
    for row in daily[daily["name"] == "night_distance"].itertuples():
        zt, seen = np.arange(24), not pd.isna(row.value)
        level = np.where(zt < 12, 0.3, 1.4) * rng.gamma(2.0, 0.5, 24) * (row.value or 0.0)
        rows = pd.DataFrame({"cage": row.cage, "date": row.date, "zt": zt, "value": level if seen else np.nan})
        parts.append(rows.assign(seen_s=3600.0 if seen else 0.0, unit=row.unit))
    frame = pd.concat(parts).assign(animal=None, name="distance", first_utc=None, sampling="s", source="video")
    return frame[tables.SCHEMAS["hourly"].names]


def reasons(alarms: pd.DataFrame) -> pd.DataFrame:
    """Two deviations of each alarm; the first can be filmed."""
    rows = []
    for row in alarms.itertuples():
        common = {"cage": row.cage, "episode": row.episode, "date": row.last_date, "window_days": 2}
        film = {"zt": 14, "watch_utc": utc(22.6), "clip": f"clips/{row.cage}/20260324T202400Z_60s.mp4"}
        distance = {"feature": "night_distance", "value": 37.25, "usual": 101.0, "unit": "px/min at 5 fps"}
        rows.append({**common, **distance, "rank": 1, "band_low": 82.5, "band_high": 119.0, "deviation": 5.5, **film})
        sleep = {"feature": "night_sleep_fraction", "value": 0.71, "usual": 0.5, "unit": "1"}
        rows.append({**common, **sleep, "rank": 2, "band_low": 0.4, "band_high": 0.6, "deviation": 3.5})
    return filled("reasons", rows)


def homecage_run(folder: Path) -> None:
    (folder / "homecage/distress").mkdir(parents=True)
    (folder / "homecage/readings").mkdir()
    daily, scores, alarms = colony()
    tables.write(folder / "homecage/readings/daily.parquet", "daily", daily)
    tables.write(folder / "homecage/readings/hourly.parquet", "hourly", hourly(daily))
    tables.write(folder / "homecage/distress/reasons.parquet", "reasons", reasons(alarms))
    tables.write(folder / "homecage/distress/scores.parquet", "distress_scores", scores)
    tables.write(folder / "homecage/distress/alarms.parquet", "alarms", alarms)
    tables.write(folder / "homecage/distress/evaluation.parquet", "evaluation", evaluation())
    tables.write(folder / "homecage/distress/lead_time.parquet", "lead_time", leads())
    (folder / "homecage/distress/model").mkdir()
    (folder / "homecage/distress/model/2026-03-09_abc.json").write_text(json.dumps(model_card()))
    (folder / "homecage/pose_model").mkdir()
    parts = {
        part: {"rmse_px": 5.0 + i, "median_px": 3.0 + i, "n": 20}
        for i, part in enumerate(("snout", "left_ear", "tailbase"))
    }
    card = {
        "frame_size": [320, 240],
        "likelihood_cut": [0.5, 0.5, 0.5],
        "split": "by_video",
        "metrics": {"rmse_px": 6.1, "rmse_px_ci": [5.2, 7.4], "n_frames": 20, "n_points": 60, "bodyparts": parts},
    }
    (folder / "homecage/pose_model/card.json").write_text(json.dumps(card))
    meta = {"bodyparts": list(parts), "frame_size": card["frame_size"]}
    tables.write(folder / "homecage/pose_model/held_out.parquet", "held_out_frames", held_out_frames(), meta)


def held_out_frames() -> pd.DataFrame:
    """Eleven held-out frames: in frame i every point is i px off, and the last one has no label."""
    labels = np.array([[100.0, 60.0], [140.0, 90.0], [220.0, 180.0]])
    picture = cv2.imencode(".jpg", np.full((120, 160, 3), 70, np.uint8))[1].tobytes()
    rows = []
    for i in range(11):
        x, y = (labels * (np.nan if i == 10 else 1)).T
        likelihood = [0.9, 0.2, 0.8]
        row = {"frame": f"v/{i}.png", "image": picture, "x_label": x, "y_label": y, "likelihood": likelihood}
        rows.append(row | {"x": labels[:, 0] + i, "y": labels[:, 1]})
    return pd.DataFrame(rows)


def model_card() -> dict:
    """Card of a dated detector with two features, as the detector leaves it."""
    features = [
        FeatureWeight(name="night_distance", worse="down", scale="log"),
        FeatureWeight(name="night_sleep_fraction", worse="up", scale="share"),
    ]
    settings = Detector(features=features).model_dump(mode="json")
    spread = {"night_distance": 0.12, "night_sleep_fraction": 0.05}
    return {"name": "ours", "fit_date": "2026-03-09", "learned": {"spread": spread}, "settings": settings}


def evaluation() -> pd.DataFrame:
    """Rates by detector and budget, the DSS protocol, and healthy mice that were left out."""
    rows = []
    for detector, gain in (("ours", 0.0), ("rule: one low day", -0.2)):
        for i, budget in enumerate((0.05, 0.25, 1.0)):
            common = {"detector": detector, "budget": budget, "group": "all"}
            share = 0.55 + 0.18 * i + gain
            rows += [
                {
                    "metric": "detection_rate:weight_loss_5pct",
                    "value": share,
                    "ci_low": share - 0.2,
                    "ci_high": min(share + 0.15, 1),
                    "n": 20,
                    **common,
                },
                {
                    "metric": "lead_days:weight_loss_5pct:all",
                    "value": 1.5 + gain,
                    "ci_low": 0.5,
                    "ci_high": None,
                    "n": 20,
                    "unit": "d",
                    **common,
                },
                {
                    "metric": "false_alarms_per_cage_month",
                    "value": 0.9 * budget,
                    "ci_low": 0.3 * budget,
                    "ci_high": 2 * budget,
                    "n": 900,
                    "note": "not demonstrable: needs 60 alarm-free cage-months" if budget < 0.1 else None,
                    **common,
                },
                {"metric": "chance_detection", "value": 1 - np.exp(-budget * 7 / 30), **common},
                {
                    "metric": "false_alarms_per_cage_month",
                    "value": budget,
                    "ci_low": 0.4 * budget,
                    "ci_high": 2 * budget,
                    "n": 230,
                    **common,
                    "group": "mice_rhythms",
                },
                {"metric": "sensitivity_40pct_3d", "value": 0.8, "n": 90, **common, "group": "mice_rhythms"},
                {
                    "metric": "detection_rate_shifted:weight_loss_5pct",
                    "value": 0.1,
                    "ci_low": 0.0,
                    "ci_high": 0.3,
                    "n": 20,
                    **common,
                },
            ]
            for strain in ("A", "B"):
                own = {**common, "n": 200, "value": budget, "ci_low": budget / 3, "ci_high": budget * 3}
                rows.append({**own, "metric": "false_alarms_by_strain", "group": strain})
                name = f"strain {strain}"
                rows.append({**own, "metric": "left_out:false_alarms_per_cage_month", "group": name})
            lost = {**common, "n": 220, "value": 1.2 * budget, "ci_low": budget / 3, "ci_high": budget * 4}
            lost |= {"metric": "false_alarms_lost_hours", "group": "mice_rhythms: 3 busiest h lost on 20 % of days"}
            rows.append(lost)
            for factor in (0.5, 1, 2):
                lead = {**common, "n": 12, "value": 2.0 / factor, "ci_low": 0.5, "ci_high": 3.0, "unit": "d"}
                rows.append({**lead, "metric": "lead_over_technician", "group": f"{factor:g} x as attentive"})
            for fall in (0.2, 0.4, 0.6):
                injected = {**common, "group": f"fall {fall:.0%}", "n": 30}
                found = min(1.0, fall + budget / 3)
                rows.append({"metric": "power:step", "value": found, "ci_low": found / 2, "ci_high": 1.0, **injected})
                delay = None if fall < 0.3 else 2.0
                rows.append({"metric": "power_delay_days:step", "value": delay, "unit": "d", **injected})
        dss = {"detector": detector, "budget": 0.25}
        for group, hits, n in (("DSS", 6, 7), ("stress+DSS", 8, 8), ("treated", 14, 15)):
            rows.append(
                {
                    "metric": "detected_after_treatment",
                    "value": hits / n,
                    "ci_low": 0.5,
                    "ci_high": 1.0,
                    "n": n,
                    "group": group,
                    **dss,
                }
            )
        rows.append(
            {
                "metric": "controls_alarmed",
                "value": 2 / 8,
                "ci_low": 0.03,
                "ci_high": 0.65,
                "n": 8,
                "group": "control",
                **dss,
            }
        )
        rows.append(
            {
                "metric": "median_lead_days",
                "value": 0.5,
                "ci_low": 0.0,
                "ci_high": 1.0,
                "n": 6,
                "group": "DSS",
                "unit": "d",
                **dss,
            }
        )
    for day in ("Mon", "Tue"):
        rows.append({"metric": "alarm_days", "detector": "ours", "budget": 1.0, "group": f"weekday {day}",
                     "value": 1.5, "ci_low": 0.1, "ci_high": 4.0, "n": 80})  # fmt: skip
    for t in (0.05, 0.1, 0.2):
        act = {
            "detector": "classifier",
            "budget": None,
            "group": f"act at {t:g}",
            "n": 900,
            "ci_low": 0.0,
            "ci_high": 0.03,
        }
        rows.append({"metric": "net_benefit", "value": 0.02, **act})
        rows.append({"metric": "net_benefit_of_all", "value": 0.03 - t / 5, **act})
    for low in (0.0, 0.4):
        binned = {"detector": "classifier", "group": f"predicted {low:g}", "n": 40}
        rows.append({"metric": "reliability_predicted", "value": low + 0.1, **binned})
        rows.append(
            {"metric": "reliability_observed", "value": low + 0.2, "ci_low": low, "ci_high": low + 0.3, **binned}
        )
    return filled("evaluation", rows, simulated=True)


def leads() -> pd.DataFrame:
    """Cases of the colony at three budgets, and of the DSS mice."""
    rows = []
    for budget in (0.05, 0.25, 1.0):
        for cage, onset, loss, found in (
            ("C01", 14.3, 19.1, 16.5),
            ("C02", 15.2, 20.4, 18.1),
            ("C04", 15.0, 21.0, None),
        ):
            status = "missed" if found is None else "detected"
            common = {
                "cage": cage,
                "group": "ill",
                "onset_utc": utc(onset),
                "decision_utc": utc(found) if found else None,
                "delay_days": found - onset if found else None,
                "status": status,
                "budget": budget,
                "detector": "ours",
                "simulated": True,
            }
            rows.append({"event": "onset", "event_utc": utc(onset), "lead_days": None, **common})
            rows.append(
                {
                    "event": "weight_loss_5pct",
                    "event_utc": utc(loss),
                    "lead_days": loss - found if found else None,
                    **common,
                }
            )
    for i, group in enumerate(["DSS"] * 4 + ["stress+DSS"] * 4):
        rows.append(
            {
                "cage": f"M{i}",
                "group": group,
                "event": "weight_loss_5pct",
                "event_utc": utc(6),
                "lead_days": 0.5 * (i % 4),
                "status": "detected" if i % 4 else "late",
                "budget": 0.25,
                "detector": "ours",
                "simulated": False,
            }
        )
    frame = filled("lead_time", rows)
    for column in ("event_utc", "onset_utc", "decision_utc"):
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.floor("us")
    return frame


def pseudobulk_qc() -> dict:
    """``qc.json`` with every key that the pseudobulk page knows."""
    reads = {"used": 5_000, "umi_duplicate": 2_000, "low_mapq": 400, "an_<odd>_fate": 10}
    knee = {"unit": "molecules", "rank": [1, 10, 100, 1000], "count": [900, 500, 20, 2], "labelled": [1, 0.9, 0.4, 0]}
    strand = {"sense": 900, "antisense": 100, "sense_fraction": 0.9, "detected": "three_prime"}
    barcodes = {"labelled": 60, "not_labelled": 900, "with_reads": 60}
    half = {"train": 0.8, "valid": 0.6, "test": 0.5}
    tracks = {}
    for i, slug in enumerate(("astro_plus", "astro_minus", "micro_plus", "micro_minus", "astro_atac", "micro_atac")):
        ceiling = {fold: round((2 * r / (1 + r)) ** 0.5 - 0.02 * i, 3) for fold, r in half.items()}
        steps = [{"share": s, "half_r": {f: r * s**0.3 for f, r in half.items()}} for s in (0.1, 0.5)]
        tracks[slug] = {"half_r": half, "noise_ceiling": ceiling, "halved_by": "donor", "downsample": steps}
    rna = {"unit": "reads", "total": sum(reads.values()), "reads": reads, "barcodes": barcodes, "genome": "reference"}
    return {
        "simulated": True,
        "samples": {
            "d1 bam": {**rna, "knee": knee, "strand": {**strand, "said": "three_prime"}},
            "d2 bam": {**rna, "knee": knee, "strand": {**strand, "said": "five_prime"}},
            "d1 fragments": {
                "unit": "fragments",
                "total": 900,
                "reads": {"used": 800, "not_labelled": 100},
                "barcodes": barcodes,
                "knee": {**knee, "unit": "fragments"},
            },
            "h h5ad": {"unit": "cells", "total": 40, "cells": {"used": 40}},
        },
        "tracks": tracks,
        "warnings": ["no track rare rna (+): fewer than 5 cells with reads", "d2: strands <odd>"],
    }


def pseudobulk_run(folder: Path) -> None:
    """What the pseudobulk page reads: tables, counts, bigWigs, and what other steps may leave."""
    import anndata
    import pyBigWig

    there = folder / "sequence/pseudobulk"
    for path in (there / "bw", folder / "sequence/reference", folder / "sequence/labels"):
        path.mkdir(parents=True)
    qc = pseudobulk_qc()
    (there / "qc.json").write_text(json.dumps(qc))
    tracks = []
    for slug in [*qc["tracks"], "rare_plus"]:
        name, kind = slug.split("_")
        strand = {"plus": "+", "minus": "-", "atac": "."}[kind]
        assay, kept = "atac" if kind == "atac" else "rna", name != "rare"
        sign = "" if strand == "." else f" ({strand})"
        tracks.append(
            {
                "slug": slug,
                "name": f"{name} {assay}{sign}",
                "assay": assay,
                "cell_type": name,
                "strand": strand,
                "genome": "reference",
                "reads": 100 * (len(tracks) + 1),
                "kept": kept,
                "reason": None if kept else "fewer than 5 cells with reads",
            }
        )
        if kept:
            with pyBigWig.open(str(there / f"bw/{slug}.bw"), "w") as file:
                file.addHeader([("chr1", 5000)])
                file.addEntries(["chr1"], [1100], ends=[1400], values=[float(len(tracks))])
    tables.write(there / "tracks.parquet", "tracks", filled("tracks", tracks))
    cells = [
        {
            "cell": f"c{i}",
            "barcode": f"b{i}",
            "sample": f"d{1 + i % 2}",
            "donor": f"d{1 + i % 2}",
            "cell_type": ("astro", "micro", "rare", None)[i % 4],
            "used": i % 4 < 2,
            "reason": (None, None, "fewer than 5 cells with reads", "not labelled")[i % 4],
            "umis": 50 + i,
            "fragments": 20 + i,
        }
        for i in range(40)
    ]
    tables.write(there / "cells.parquet", "cells", filled("cells", cells))
    genes = [
        {
            "gene_id": f"g{i}",
            "name": f"GENE{i}",
            "chrom": "chr1",
            "start": 1000 * i,
            "end": 1000 * i + 600,
            "strand": "+-"[i % 2],
            "exon_starts": [1000 * i, 1000 * i + 400],
            "exon_ends": [1000 * i + 150, 1000 * i + 600],
        }
        for i in (1, 2, 3)
    ]
    tables.write(folder / "sequence/reference/genes.parquet", "genes", filled("genes", genes))
    obs = pd.DataFrame(
        {
            "source": ["reads", "reads", "reads", "h5ad"],
            "genome": ["reference", "reference", "reference", ""],
            "cell_type": ["astro", "astro", "micro", "astro"],
        },
        index=[f"group{i}" for i in range(4)],
    )
    counts = np.array([[150, 50, 50], [150, 50, 50], [20, 180, 90], [999, 999, 999]])
    var = pd.DataFrame(index=["g1", "g2", "g3"])
    anndata.AnnData(counts.astype(np.float32), obs=obs, var=var).write_h5ad(there / "counts.h5ad")
    numbers = {"windows": {"by_fold": {"train": 1200, "test": 90}, "left_out": {"gap": 3}}}
    (folder / "sequence/reference/qc.json").write_text(json.dumps(numbers))
    (folder / "sequence/labels/umap.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    markers = pd.DataFrame({"cluster": "0", "gene": [f"G{i}" for i in range(8)]})
    pq.write_table(pa.Table.from_pandas(markers), folder / "sequence/labels/markers.parquet")
