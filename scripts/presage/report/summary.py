"""summary.json: the headline numbers of a run, flat, each a number, or null with the reason beside it."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage.report.render import number
from presage.report.run import OURS, NoData, Run
from presage.sequence.generalise.verdict import verdicts

Found = float | int | tuple[float, float, float]  # a number, or a number with its 95 % interval
Ask = Callable[[Run, Mapping[str, Any]], Found]


def build_summary(run: Run, config: Mapping[str, Any]) -> dict[str, float | int | str | None]:
    """All keys of the contract for ``run``; ``config`` is the resolved configuration as plain values.

    A number that cannot be had is null, with a text under ``<key>_why``. An interval stands beside its number as
    ``<key>_ci_low`` and ``<key>_ci_high`` (``_days`` left out). ``<branch>.simulated`` is 1 where the branch's
    data come from a built-in world.
    """
    out: dict[str, float | int | str | None] = {}
    for branch, asks in (("sequence", _sequence), ("homecage", _homecage)):
        section = config.get(branch)
        for key, ask in asks(run, section or {}).items():
            try:
                if section is None:
                    raise NoData("branch not configured")
                _put(out, key, ask(run, section))
            except NoData as why:
                out[key], out[f"{key}_why"] = None, str(why)
    return out


def ci_keys(key: str) -> tuple[str, str]:
    """Where the interval of ``key`` stands."""
    stem = key.removesuffix("_days")
    return f"{stem}_ci_low", f"{stem}_ci_high"


def _put(out: dict[str, Any], key: str, found: Found) -> None:
    numbers = found if isinstance(found, tuple) else (found,)
    for name, value in zip((key, *ci_keys(key)), numbers):
        out[name] = value if isinstance(value, int) else _finite(value)
        if out[name] is None:
            out[f"{name}_why"] = "undefined"


def _finite(value: Any) -> float | None:
    return round(float(value), 6) if value is not None and np.isfinite(float(value)) else None


def pick(frame: pd.DataFrame, metric: str, **where: Any) -> tuple[float, float, float]:
    """Value and interval of one row of a metrics or evaluation table; a row over all seeds goes before a single seed's.

    Raises :class:`NoData` where there is no such row, or its value is null (with the row's note).
    """
    rows = frame[frame["metric"] == metric]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    if rows.empty:
        raise NoData(f"{metric} was not evaluated")
    row = (rows.sort_values("seed", na_position="first") if "seed" in rows else rows).iloc[0]
    if pd.isna(row["value"]):
        raise NoData(row["note"] or f"{metric} is undefined")
    return row["value"], row["ci_low"], row["ci_high"]


# ---- sequence ----------------------------------------------------------------------------------------------------


def _sequence(run: Run, section: Mapping[str, Any]) -> dict[str, Ask]:
    """Key -> how it is found. The adapters are those of the configuration."""
    asks: dict[str, Ask] = {
        "sequence.simulated": lambda run, c: int(c.get("world") is not None),
        "sequence.trunk_params": lambda run, c: int(run.json("sequence/trunk/card.json")["trunk_parameters"]),
        "sequence.trunk.test_pearson": _metric("bin_pearson", model="trunk", split="test", group="all"),
    }
    adapt = section.get("adapt") or {}
    fitted = [run["name"] for run in adapt.get("runs", [])] if _has_data(section) else []
    for name in (*fitted, *adapt.get("given", {})):
        stem = f"sequence.adapter.{name}"
        asks[f"{stem}.trainable_fraction"] = _card(name, "trainable_fraction")
        asks[f"{stem}.head_params"] = _card(name, "head_parameters")
    for name in (*fitted, *adapt.get("given", {})) if _has_data(section) else ():
        stem = f"sequence.adapter.{name}"
        for key, metric in _ADAPTER.items():
            asks[f"{stem}.{key}"] = _metric(metric, model=name, split="test", group="all")
    if (run.folder / "sequence/gene_head").is_dir():
        asks |= {
            f"sequence.gene_head.{key}": _metric(_ADAPTER[key], "gene_head_evaluation", model="gene_head", group="all")
            for key in ("test_gene_pearson_per_celltype", "test_pearson_across_celltypes", "test_skill")
        }
    if section.get("cells"):
        asks |= {
            "sequence.cells.test_pearson_per_celltype": _metric(
                "bin_pearson", "cells_evaluation", model="cells", group="all"
            ),
            "sequence.cells.deviance_gain": _metric(
                "cell_deviance_gain", "cells_evaluation", model="measured_x_decoder", group="all"
            ),
        }
    asks |= _held_out(run)
    asks |= {
        "sequence.variants.scored": lambda run, c: int(
            _variants(run, "scores")[["set", "variant"]].drop_duplicates().shape[0]
        ),
        "sequence.variants.dropped": lambda run, c: len(_variants(run, "dropped")),
    }
    # Headline numbers are those outside the training fold.
    asks |= {
        f"sequence.variants.{key}": _metric(metric, group="all", split="not_train") for key, metric in _VARIANTS.items()
    }
    return asks


def _has_data(section: Mapping[str, Any]) -> bool:
    """Whether there is something to fit to; a study may have finished adapters alone."""
    return any(section.get(key) is not None for key in ("world", "samples", "tfrecords"))


def _held_out(run: Run) -> dict[str, Ask]:
    """Of each hold-out the share of the in-sample r that is kept, and the drop with its interval."""
    table = run.optional("generalise")
    asks: dict[str, Ask] = {}
    for row in verdicts(table).to_dict("records") if table is not None and len(table) else ():
        stem = f"sequence.generalise.{row['axis']}.{row['held_out']}"
        asks[f"{stem}.retained"] = _known(float(row["retained"]))
        asks[f"{stem}.drop"] = _known((row["drop"], row["drop_low"], row["drop_high"]))
    return asks


def _known(found: Found) -> Ask:
    return lambda run, c: found


_ADAPTER = {
    "test_pearson_per_celltype": "bin_pearson",
    "test_pearson_across_celltypes": "across_types_r",
    "test_gene_pearson_per_celltype": "gene_pearson",
    "test_skill": "skill",
    "test_pearson_difference": "bin_pearson_difference",
}
_VARIANTS = {
    "auroc": "variant_auroc",
    "sign_accuracy": "variant_sign_accuracy",
    "oracle_auroc": "variant_oracle_auroc",
    "recovered_share": "variant_recovered_share",
    "top_type": "variant_top_type",
    "null_ks": "null_ks",
    "null_below_0.05": "null_below_0.05",
}


def _metric(name: str, table: str = "metrics", **where: Any) -> Ask:
    return lambda run, c: pick(run.table(table), name, **where)


def _card(name: str, field: str) -> Ask:
    def ask(run: Run, _: Mapping[str, Any]) -> Found:
        card = next((card for card in run.cards() if card["name"] == name), None)
        if card is None:
            raise NoData(f"adapter {name} left no card")
        return card[field]

    return ask


def _variants(run: Run, table: str) -> pd.DataFrame:
    try:
        return run.table(table)
    except NoData:
        raise NoData("no variants were given") from None


# ---- home cage ---------------------------------------------------------------------------------------------------


def _homecage(run: Run, section: Mapping[str, Any]) -> dict[str, Ask]:
    """Key -> how it is found; detection and lead time are those of the configured budget and primary event."""
    alarms = section.get("alarms") or {}
    event = alarms.get("primary_event", "weight_loss_5pct")
    at: dict[str, Any] = {"detector": OURS, "group": "all", "budget": alarms.get("budget")}
    asks: dict[str, Ask] = {
        "homecage.simulated": lambda run, c: int(c.get("world") is not None),
        "homecage.pose.test_rmse_px": _pose_error,
        "homecage.pose.frames": _pose_frames,
        "homecage.cages": lambda run, c: int(run.table("distress")["cage"].nunique()),
        "homecage.cage_days": lambda run, c: len(run.table("distress").drop_duplicates(["cage", "date"])),
        "homecage.no_call_fraction": lambda run, c: float(run.rows("distress")["no_call"].mean()),
        "homecage.camera_faults": lambda run, c: int(run.table("quality")["camera_fault"].sum()),
        "homecage.alarm_budget": lambda run, c: float(c["alarms"]["budget"]),
        "homecage.detection_rate": _evaluation(f"detection_rate:{event}", **at),
        "homecage.median_lead_time_days": _evaluation(f"lead_days:{event}:all", **at),
        "homecage.median_lead_time_ci_low": _evaluation(f"lead_days:{event}:all", part=1, **at),
        "homecage.median_lead_time_ci_high": _evaluation(f"lead_days:{event}:all", part=2, **at),
        "homecage.median_lead_time_detected_days": _evaluation(f"lead_days:{event}:detected", **at),
        "homecage.lead_n": lambda run, c: len(_cases(run, event, at["budget"])),
        "homecage.lead_missed": lambda run, c: int(_cases(run, event, at["budget"])["lead_days"].isna().sum()),
        "homecage.median_lead_over_technician_days": _evaluation("lead_days:technician_note:all", **at),
        "homecage.detection_rate_after_onset": _evaluation("detection_rate:onset", **at),
        "homecage.median_delay_from_onset_days": _evaluation("delay_days:all", **at),
        "homecage.false_alarms_per_cage_month": _evaluation("false_alarms_per_cage_month", **at),
        "homecage.ppv": _evaluation("ppv", detector=OURS, budget=at["budget"]),
    }
    return asks | _REAL


def _evaluation(metric: str, part: int | None = None, **where: Any) -> Ask:
    """A row of the evaluation table; ``part`` 0, 1, 2 asks for value, lower or upper end alone."""

    def ask(run: Run, _: Mapping[str, Any]) -> Found:
        found = pick(run.table("evaluation"), metric, **where)
        if part is None:
            return found
        if pd.isna(found[part]):
            raise NoData("the interval has no such end: too many cases without an alarm that counts")
        return float(found[part])

    return ask


def _cases(run: Run, event: str, budget: float | None) -> pd.DataFrame:
    """Judged cases of ``event`` by our detector."""
    lead = run.table("lead_time")
    mine = (lead["detector"] == OURS) & (lead["budget"] == budget) & (lead["event"] == event)
    return lead[mine & (lead["status"] != "not_judged")]


def _pose_error(run: Run, _: Mapping[str, Any]) -> Found:
    try:
        metrics = run.json("homecage/pose_model/card.json")["metrics"]
    except NoData:
        raise NoData("no pose model was trained: the pose was given") from None
    return metrics["rmse_px"], *metrics["rmse_px_ci"]


def _pose_frames(run: Run, _: Mapping[str, Any]) -> Found:
    files = sorted(run.folder.glob("homecage/pose/*/*.parquet"))
    if not files:
        raise NoData("no recording went through pose")
    return sum(pq.read_metadata(file).num_rows for file in files)


# ---- real data ---------------------------------------------------------------------------------------------------


def _dss(metric: str, group: str, count: str = "") -> Ask:
    """A row of the DSS protocol; ``count`` asks for its cases ("n") or its hits ("hits": share times cases) instead."""

    def ask(run: Run, section: Mapping[str, Any]) -> Found:
        if section.get("dss") is None:
            raise NoData("the DSS protocol is not configured (homecage.dss)")
        table = run.table("evaluation")
        where = {"detector": OURS, "group": group, "budget": section["dss"]["budget"]}
        found = pick(table, metric, **where)
        if not count:
            return found
        n = int(pick(table.assign(value=table["n"]), metric, **where)[0])
        return n if count == "n" else round(found[0] * n)

    return ask


def _healthy(metric: str) -> Ask:
    """A row of the healthy animals that were left out one by one, at 1 episode per mouse-month."""

    def ask(run: Run, _: Mapping[str, Any]) -> Found:
        table = run.table("evaluation")
        names = table.loc[table["metric"] == "sensitivity_40pct_3d", "group"].unique()
        if not len(names):
            raise NoData("no source of healthy animals is configured (homecage.readings.sources, role healthy)")
        name = "mice_rhythms" if "mice_rhythms" in names else names[0]
        return pick(table, metric, detector=OURS, group=name, budget=1.0)

    return ask


_REAL: dict[str, Ask] = {
    "homecage.pose.reference_distance_px": _evaluation("pose_reference_distance_px", group="all"),
    "homecage.pose.path_length_ratio": _evaluation("pose_path_length_ratio", group="all"),
    "homecage.dss.treated": _dss("detected_after_treatment", "treated", "n"),
    "homecage.dss.detected": _dss("detected_after_treatment", "treated", "hits"),
    "homecage.dss.controls": _dss("controls_alarmed", "control", "n"),
    "homecage.dss.controls_alarmed": _dss("controls_alarmed", "control", "hits"),
    "homecage.dss.median_lead_time_days": _dss("median_lead_days", "DSS"),
    "homecage.dss.stress_dss_median_lead_time_days": _dss("median_lead_days", "stress+DSS"),
    "homecage.healthy.false_alarms_per_mouse_month": _healthy("false_alarms_per_cage_month"),
    "homecage.healthy.sensitivity_40pct_3d": _healthy("sensitivity_40pct_3d"),
}


# ---- what a terminal shows ---------------------------------------------------------------------------------------

_LINES = {
    "sequence": [
        ("variants scored", "sequence.variants.scored", "", ""),
        ("variant AUROC", "sequence.variants.auroc", "oracle", "sequence.variants.oracle_auroc"),
        ("sign accuracy", "sequence.variants.sign_accuracy", "", ""),
        ("trunk's own test Pearson", "sequence.trunk.test_pearson", "", ""),
    ],
    "homecage": [
        ("pose error, px", "homecage.pose.test_rmse_px", "", ""),
        ("cage-days", "homecage.cage_days", "cages", "homecage.cages"),
        ("detection rate", "homecage.detection_rate", "", ""),
        ("median lead time, days", "homecage.median_lead_time_days", "cases", "homecage.lead_n"),
        ("median delay from onset, days", "homecage.median_delay_from_onset_days", "", ""),
        ("false alarms per cage-month", "homecage.false_alarms_per_cage_month", "budget", "homecage.alarm_budget"),
        ("DSS mice alarmed", "homecage.dss.detected", "of", "homecage.dss.treated"),
        ("controls alarmed", "homecage.dss.controls_alarmed", "of", "homecage.dss.controls"),
    ],
}
_TITLES = {"sequence": "Sequence", "homecage": "Home cage"}


def terminal_summary(summary: Mapping[str, Any], pages: Sequence[str] = (), colour: bool = False) -> str:
    """A few lines for the end of a run: headline numbers with intervals, and ``pages`` to look at. Plain unless
    ``colour``."""
    bold, dim, warn, end = ("\033[1m", "\033[2m", "\033[33m", "\033[0m") if colour else ("", "", "", "")
    lines = []
    for branch, title in _TITLES.items():
        numbers = {key for key, value in summary.items() if isinstance(value, (int, float))}
        if not any(key.startswith(f"{branch}.") for key in numbers):
            continue
        mark = f"  {warn}simulated data{end}" if summary.get(f"{branch}.simulated") else ""
        lines += ["", f"{bold}{title}{end}{mark}"]
        suffix = ".test_pearson_per_celltype"
        named = [key for key in summary if key.startswith("sequence.adapter.") and key.endswith(suffix)]
        rows = [(f"Pearson, {k.removeprefix('sequence.adapter.').removesuffix(suffix)}", k, "", "") for k in named]
        for label, key, word, other in (rows if branch == "sequence" else []) + _LINES[branch]:
            if summary.get(key) is None:
                continue
            low, high = (summary.get(k) for k in ci_keys(key))
            notes = [f"{number(low)} to {number(high)}"] if low is not None and high is not None else []
            notes += [f"{word} {number(summary[other])}"] if summary.get(other) is not None else []
            tail = f"  {dim}({'; '.join(notes)}){end}" if notes else ""
            lines.append(f"  {label:<32}{bold}{number(summary[key]):>9}{end}{tail}")
    if pages:
        lines += ["", "Look at " + " and ".join(f"{bold}{page}{end}" for page in pages)]
    return "\n".join(lines).lstrip("\n")


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour what is written to ``stream``: a terminal, and nobody asked for none (https://no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def main(folder: str) -> None:
    """Print the terminal summary of the run in ``folder``."""
    path = Path(folder) / "summary.json"
    if not path.is_file():
        sys.exit(f"error: {path}: does not exist; run the workflow first")
    there = [page for page in ("index.html", "homecage/morning.html") if Path(folder, page).is_file()]
    pages = [f"{folder}/{page}" for page in there]
    print(terminal_summary(json.loads(path.read_text(encoding="utf-8")), pages, wants_colour(sys.stdout, os.environ)))


if __name__ == "__main__":
    main(sys.argv[1])
