"""index.html of a run: what was run on what, headline numbers, figures, tables, warnings and files, in one file."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from presage.report import arrive
from presage.report.cages.timeline import simulated_sentence
from presage.report.citation import citation
from presage.report.files import links
from presage.report.render import data_uri, interval, number, render
from presage.report.run import NoData, Run
from presage.report.summary import ci_keys
from presage.report.warn import warnings

_SPOKEN = {"sequence": "sequence", "homecage": "home-cage"}
SVG_LIMIT = 400_000  # bytes; a larger drawing is inlined as PNG
CAPTIONS = Path(__file__).resolve().parents[3] / "workflow" / "report"
PAGE_LIMIT = 5_000_000
ROWS = 300  # of one table on the page; the file holds all

PACKAGES = ("torch", "snakemake", "deeplabcut", "scanpy", "pysam", "pyarrow", "pandas", "numpy", "matplotlib")

# branch -> pattern below the run's folder -> stem of the caption
OWN = {"sequence": {"sequence/ism/*.svg": "ism", "sequence/mpra/scatter.svg": "mpra"}}


@dataclass
class Card:
    """One headline number."""

    label: str
    value: str
    detail: str
    key: str


@dataclass
class Picture:
    """One figure: inlined, or the reason why it is not there."""

    stem: str
    caption: str
    source: str
    reason: str
    files: list[str]

    @property
    def alt(self) -> str:
        """What it shows, in a sentence: the first of its caption, which stands below it in full."""
        return self.caption.split(". ")[0].rstrip(".") or self.stem


@dataclass
class Table:
    """One table of the page; ``numeric`` names its right-aligned columns."""

    title: str
    columns: list[str]
    rows: list[list[tuple[str, str]]]  # shown text, sort key
    numeric: set[int]
    cut: int


# key of summary.json -> label, what it means in one line; a {name} in the key stands for each adapter
_CARDS = {
    "sequence": {
        "sequence.adapter.{name}.test_pearson_per_celltype": (
            "Pearson per cell type, {name}",
            "test, mean over tracks",
        ),
        "sequence.cells.deviance_gain": ("Gain of single cells", "Poisson deviance under their type's, test genes"),
        "sequence.variants.auroc": ("Variant AUROC", "causal against control"),
        "sequence.variants.sign_accuracy": ("Sign accuracy", "direction of causal variants"),
        "sequence.variants.scored": ("Variants scored", ""),
        "sequence.trunk.test_pearson": ("Trunk's own test Pearson", "its own test windows"),
    },
    "homecage": {
        "homecage.detection_rate": ("Detection rate", "alarm within 7 days before the event"),
        "homecage.median_lead_time_days": ("Median lead time", "days"),
        "homecage.false_alarms_per_cage_month": (
            "False alarms",
            "episodes per healthy cage-month; an alarm without a recorded event counts as false",
        ),
        "homecage.no_call_fraction": (
            "No call",
            "share of cage-days of which too little was seen; days that warm up are not in it",
        ),
        "homecage.pose.test_rmse_px": ("Pose error", "pixels, test frames"),
        "homecage.cage_days": ("Cage-days", ""),
        "homecage.dss.detected": ("DSS mice detected", "real colitis data"),
        "homecage.dss.controls_alarmed": ("Controls alarmed", "real colitis data"),
        "homecage.dss.median_lead_time_days": ("DSS median lead time", "days"),
        "homecage.healthy.false_alarms_per_mouse_month": ("False alarms, healthy mice", "per mouse-month"),
    },
}
# counts that are read against another one: "3 of 15"
_OF = {
    "homecage.dss.detected": "homecage.dss.treated",
    "homecage.dss.controls_alarmed": "homecage.dss.controls",
    "homecage.false_alarms_per_cage_month": "homecage.alarm_budget",
}


def cards(summary: Mapping[str, Any], branch: str) -> list[Card]:
    """The headline numbers of ``branch`` that have a value, with interval, reference value and meaning."""
    names = adapters(summary)
    found = []
    for pattern, (label, meaning) in _CARDS[branch].items():
        for name in names if "{name}" in pattern else [""]:
            key = pattern.replace("{name}", name)
            if summary.get(key) is None:
                continue
            value = number(summary[key])
            other = summary.get(_OF.get(key, ""))
            if other is not None and key.startswith("homecage.dss"):
                value += f" of {number(other)}"
            band = interval(*(summary.get(k) for k in ci_keys(key)))
            extra = f"budget {number(other)}" if other is not None and "false_alarms" in key else ""
            if key == "sequence.variants.auroc" and summary.get("sequence.variants.oracle_auroc") is not None:
                extra = f"oracle {number(summary['sequence.variants.oracle_auroc'])}"
            detail = "; ".join(part for part in (f"95 % CI {band}" if band else "", extra, meaning) if part)
            found.append(Card(label.replace("{name}", name), value, detail, key))
    return found


def adapters(summary: Mapping[str, Any]) -> list[str]:
    """Names of the adapters that a summary speaks of, in its order."""
    found = (re.fullmatch(r"sequence\.adapter\.(.+)\.test_pearson_per_celltype", key) for key in summary)
    return [match[1] for match in found if match]


def caption(stem: str, folder: Path) -> str:
    """The caption of a figure as plain text: the same file that Snakemake's report shows."""
    path = folder / f"{stem}.rst"
    return " ".join(path.read_text().split()).replace("``", "") if path.is_file() else ""


def pictures(run: Run, branch: str, figures: Mapping[str, str], captions: Path) -> list[Picture]:
    """The figures of ``branch`` (``figures``: stem -> branch), as SVG, or PNG where that is smaller."""
    found = []
    for stem, owner in figures.items():
        if owner != branch:
            continue
        files = [p for s in ("svg", "pdf", "png", "parquet") if (p := run.folder / f"figures/{stem}.{s}").is_file()]
        reason = run.figure_reason(stem)
        source = ""
        if not reason:
            drawing = next((p for p in files if p.suffix == ".svg" and p.stat().st_size <= SVG_LIMIT), None)
            drawing = drawing or next((p for p in files if p.suffix == ".png"), None)
            source = data_uri(drawing) if drawing else ""
        links = [] if reason else [p.relative_to(run.folder).as_posix() for p in files]
        found.append(Picture(stem, caption(stem, captions), source, reason, links))
    return found


def own_pictures(run: Run, branch: str, captions: Path) -> list[Picture]:
    """Pictures of ``branch`` beside the numbered figures: mutated regions, a reporter assay."""
    found = []
    for pattern, name in OWN.get(branch, {}).items():
        for path in sorted(run.folder.glob(pattern)):
            files = [path.relative_to(run.folder).as_posix()]
            found.append(Picture(f"{name}_{path.stem}", caption(name, captions), data_uri(path), "", files))
    return found


def table(title: str, frame: pd.DataFrame, rename: Mapping[str, str] | None = None) -> Table:
    """A sortable table of ``frame``: numbers for people, missing values as a dash, at most ``ROWS`` rows."""
    shown = frame.head(ROWS)
    numeric = {i for i, c in enumerate(frame) if pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool}
    rows = []
    for record in shown.itertuples(index=False):
        rows.append([(number(v), "" if pd.isna(v) else str(v)) for v in record])
    columns = [(rename or {}).get(str(c), str(c).replace("_", " ")) for c in frame]
    return Table(title, columns, rows, numeric, len(frame) - len(shown))


def _metric_table(frame: pd.DataFrame, who: str) -> pd.DataFrame:
    """The evaluation tables with their interval as one column and empty columns left out."""
    frame = frame.assign(interval=[interval(a, b) for a, b in zip(frame["ci_low"], frame["ci_high"])])
    columns = ["metric", who, "seed", "split", "group", "budget", "value", "interval", "n", "unit", "note"]
    columns = [c for c in columns if c in frame and not frame[c].isna().all() and not (frame[c] == "").all()]
    return frame[columns].rename(columns={"interval": "95 % interval"})


def without_copies(metrics: pd.DataFrame) -> pd.DataFrame:
    """A metrics table without means over one seed: each repeats that seed's row."""
    seeds = metrics.groupby(["metric", "model", "split", "group"], dropna=False)["seed"].transform("nunique")
    return metrics[metrics["seed"].notna() | (seeds != 1)]


def sequence_tables(run: Run) -> list[Table]:
    found = []
    if (metrics := run.optional("metrics")) is not None and len(metrics):
        found.append(table("Metrics", _metric_table(without_copies(metrics), "model")))
    if (tracks := run.optional("tracks")) is not None:
        found.append(table("Tracks", tracks[["name", "assay", "strand", "cells", "reads", "umis", "kept", "reason"]]))
    if (dropped := run.optional("dropped")) is not None and len(dropped):
        counts = dropped.groupby(["set", "reason"]).size().rename("variants").reset_index()
        found.append(table("Variants that were not scored", counts))
    return found


def homecage_tables(run: Run) -> list[Table]:
    found = []
    if (alarms := run.optional("alarms")) is not None and len(alarms):
        columns = ["cage", "animal", "level", "first_date", "last_date", "alarm_days", "score", "explanation"]
        columns = [c for c in columns if not alarms[c].isna().all()]
        found.append(table("Alarms", alarms.sort_values(["first_date", "cage"])[columns]))
    if (evaluation := run.optional("evaluation")) is not None:
        found.append(table("Evaluation", _metric_table(evaluation, "detector")))
    with contextlib.suppress(NoData):
        found.append(table("For the methods section: ARRIVE 2.0 and V3", arrive.of_run(run)))
    if (quality := run.optional("quality")) is not None and len(quality):
        columns = ["cage", "date", "coverage", "hidden", "likelihood", "doubted", "swaps", "size_ratio", "shift_px"]
        columns = [c for c in columns if not quality[c].isna().all()] + ["reason"]
        shown = quality.sort_values("camera_fault", ascending=False, kind="stable")[columns]
        found.append(table("Cameras", shown, {"reason": "camera fault"}))
    if (segments := run.optional("segments")) is not None:
        groups = segments.assign(reason=segments["reason"].fillna("used")).groupby(["kind", "reason"])
        sums = groups.agg(segments=("path", "size"), hours=("duration_s", lambda s: s.sum() / 3600))
        found.append(table("Recordings", sums.reset_index()))
    return found


def origin(run: Run, summary: Mapping[str, Any], branch: str) -> str:
    """``simulated``, ``measured``, ``predicted`` (nothing was measured beside it), or ``unknown`` where neither the
    summary nor a table says."""
    said = summary.get(f"{branch}.simulated")
    said = run.simulated(branch) if said is None else bool(said)
    if said is None:
        return "unknown"
    return "simulated" if said else "measured" if branch != "sequence" or run.measured else "predicted"


def versions() -> dict[str, str]:
    """Installed versions of the packages that make the numbers."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed here"
    return found


def index_page(
    run: Run,
    summary: Mapping[str, Any],
    figures: Mapping[str, str],
    captions: str | Path,
    title: str = "",
    facts: Mapping[str, str] | None = None,
) -> str:
    """The page as text. ``figures``: stem -> branch; ``captions``: folder of .rst files; ``facts``: what was run.

    A figure that could not be drawn is listed with its reason. Past ``PAGE_LIMIT`` bytes the pictures
    are linked instead of inlined.
    """
    origins = {branch: origin(run, summary, branch) for branch in run.branches()}
    simulated = [branch for branch, said in origins.items() if said == "simulated"]
    what = "this page" if simulated == run.branches() else f"the {' '.join(simulated)} branch"
    branches = []
    for branch, make in (("sequence", sequence_tables), ("homecage", homecage_tables)):
        if branch in run.branches():
            drawn = pictures(run, branch, figures, Path(captions)) + own_pictures(run, branch, Path(captions))
            branches.append((branch, cards(summary, branch), drawn, make(run)))
    kinds = links(run.folder)
    values = {
        "title": title or run.name,
        "simulated": simulated_sentence(bool(simulated), what),
        "facts": facts or {},
        "warnings": warnings(run, summary),
        "branches": branches,
        "unset": {
            key.removesuffix("_why"): why
            for key, why in summary.items()
            if key.endswith("_why") and key.partition(".")[0] in run.branches()
        },
        "origins": origins,
        "kinds": kinds,
        "paths": [path for kind in kinds for path, _ in kind.files],
        "citation": citation(),
        "versions": versions(),
        "linked": False,
    }
    page = render("index.html", **values)
    return page if len(page.encode()) <= PAGE_LIMIT else render("index.html", **{**values, "linked": True})
