"""What a reader must know before believing a number: leakage, thin tracks, days not judged, budgets out of reach."""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from presage.report.metric_rows import metric, over_seeds
from presage.report.render import interval, number
from presage.report.run import NoData, Run
from presage.sequence.generalise.verdict import GENERALISES, LEARNED, sentence, verdicts
from presage.sequence.reference.leakage import UNKNOWN

WARM_UP = 0.25  # share of a fit's steps in which the learning rate may rise; usual are a few per cent
FEW_WINDOWS = 20  # test windows under which a mean r has no interval to speak of
FEW_GENES = 0.05  # share of the annotation's genes on unknown contigs that is usual: patches and scaffolds
THIN = 0.5  # share of the scheduled time under which a cage's usual day asks whether its files are as long as said
CLEARLY = 1.5  # how much steeper activity must rise elsewhere than at lights-off before the clock is doubted
LOOKED_DAYS, LATE_DAYS, EARLY_DAYS = (
    2,
    7,
    60,
)  # after the last and before the first recording, from which on an event is doubted
DAY_ACTIVE = 0.5  # share of the cages that must be day-active before the clock is doubted
BASELINES = ("mean_of_types", "nearest_type", "bulk_track", "trunk")


def warnings(run: Run, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(branch, sentence) pairs. A check whose table is absent is left out: the page names what is absent elsewhere."""
    found = []
    for branch, check in _CHECKS:
        try:
            found += [(branch, sentence) for sentence in check(run, summary)]
        except NoData:
            continue
    return found


def leakage(run: Run, _: Mapping[str, Any]) -> list[str]:
    """What lies where the trunk was trained."""
    table = run.rows("leakage")
    if (table["fold"] == UNKNOWN).all():
        return [
            "It is not known what the trunk was trained on: nothing here is shown to be held out (give its windows as "
            "sequence.trunk.windows)"
        ]
    seen = table[table["fold"] == "train"]
    counts = seen[seen["kind"] != "window"].groupby("kind").size()
    names = {"mpra": "reporter element"}
    words = [f"{number(n)} {names.get(str(kind), kind)}s lie where the trunk was trained" for kind, n in counts.items()]
    overlap = int(table["input_overlap"].notna().sum())
    if overlap:
        words.append(
            f"{number(overlap)} items are seen by input windows of another fold (the input is wider than the output)"
        )
    return words


def held_out(run: Run, _: Mapping[str, Any]) -> list[str]:
    """What was lost on hold-outs."""
    found = verdicts(run.rows("generalise"))
    thin = found["in_sample"] < LEARNED * found["ceiling"]
    return [sentence(row) for _, row in found[(found["verdict"] != GENERALISES) | thin].iterrows()]


def fits(run: Run, _: Mapping[str, Any]) -> list[str]:
    """Adapters that learned nothing, or of which too little is known: of some tracks, of any, by few test windows."""
    return about_fits(run.cards()) + _thin_tests(run.rows("metrics"))


def about_fits(cards: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the cards of adapters (with ``name`` and ``seed``) tell of fits that learned nothing."""
    found = []
    for card in cards:
        name = f"{card['name']} (seed {card['seed']})"
        if flat := card.get("flat_tracks"):
            shown = ", ".join(flat[:5]) + (f" and {number(len(flat) - 5)} more" if len(flat) > 5 else "")
            found.append(
                f"{name} could learn nothing of {shown}: nothing varies there over the training windows. Its effects "
                "in these tracks mean nothing, and make others look specific"
            )
        if card.get("best_epoch") == 0:
            found.append(f"{name} kept its start, it learned nothing: no epoch was better on the valid windows")
        found += _warming_up(name, card)
    return found


def _warming_up(name: str, card: Mapping[str, Any]) -> list[str]:
    """A fit whose learning rate was still rising in much of it: there were few windows for the settings."""
    how, run = card.get("training") or {}, card.get("run") or {}
    epochs, batch = run.get("epochs") or how.get("epochs"), how.get("batch_size")
    if run.get("kind") == "ridge" or not epochs or not batch:
        return []
    steps = math.ceil(card.get("folds", {}).get("train", 0) / batch) * epochs
    warm = min(steps, how.get("warmup_steps", 0))
    if warm <= WARM_UP * steps:
        return []
    return [
        f"The learning rate of {name} was rising for {number(warm)} of its {number(steps)} steps: with so few windows "
        "give it more epochs, or a shorter adapt.training.warmup_steps"
    ]


# What an adapter does worse than the reference: one may be better over bins and worse at what a cell type is about.
_WORSE = {
    "bin_pearson": "predicts test windows",
    "gene_pearson": "predicts test genes",
    "across_types_r": "tells cell types apart",
}


def weak(run: Run, _: Mapping[str, Any]) -> list[str]:
    """Adapters that are worse than the reference, or that do not tell cell types apart, on windows kept from them."""
    metrics = run.rows("metrics")
    found = []
    for name, words in _WORSE.items():
        difference = _adapters(over_seeds(metric(metrics, f"{name}_difference", split="test", group="all")))
        for row in difference[difference["ci_high"] < 0].to_dict("records"):
            found.append(
                f"{row['model']} {words} worse than the adapter that it is compared with, evaluate.reference "
                f"(r differs by {number(row['value'])}, {interval(row['ci_low'], row['ci_high'])})"
            )
    skill = _adapters(over_seeds(metric(metrics, "skill", split="test", group="all")))
    for row in skill[skill["ci_low"] <= 0].to_dict("records"):
        found.append(
            f"{row['model']} is not shown to tell cell types apart (skill on test genes {number(row['value'])}, "
            f"{interval(row['ci_low'], row['ci_high'])}): in which type an effect is strongest means little"
        )
    return found


def _adapters(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of what was fitted, without those of what stands beside it."""
    return rows[~rows["model"].isin([*BASELINES, "measured"])]


def unmeasured(run: Run, _: Mapping[str, Any]) -> list[str]:
    """Adapters that predict and were compared with nothing that was measured here."""
    metrics = run.table("metrics")
    compared = set(metrics.loc[metrics["metric"] == "bin_pearson", "model"])
    found = {}
    for card in run.cards():
        if card["name"] not in compared:
            r = card.get("valid_pearson")
            own = f". Its card says r {number(r)} on the windows that it was chosen by" if r is not None else ""
            found[card["name"]] = (
                f"The adapter {card['name']} is compared with nothing here: nothing is fitted, or none of its cell "
                f"types was measured{own}"
            )
    return list(found.values())


def _thin_tests(metrics: pd.DataFrame) -> list[str]:
    """Test results that prove little: few windows, or no better than the bulk track of the trunk."""
    rows = metric(metrics, "bin_pearson", split="test", group="all")
    single = rows[rows["seed"].notna()]
    found = []
    if len(single) and (windows := int(single["n"].max())) < FEW_WINDOWS:
        found.append(f"Test results rest on {number(windows)} window{'s' if windows != 1 else ''}: they may be luck")
    mean = over_seeds(rows).set_index("model")["value"]
    if "bulk_track" in mean:
        below = [str(name) for name in mean.index if name not in BASELINES and not mean[name] > mean["bulk_track"]]
        if below:
            found.append(
                f"Not better on test windows than the trunk's own bulk track (r {number(mean['bulk_track'])}): "
                + ", ".join(f"{name} ({number(mean[name])})" for name in below)
            )
    return found


def _trained_on(run: Run, summary: Mapping[str, Any]) -> list[str]:
    """A trunk, or an adapter that was given, from a simulated world beneath real data."""
    if summary.get("sequence.simulated") or run.simulated("sequence"):
        return []
    made = {"The trunk": run.json("sequence/trunk/card.json")}
    made |= {f"The adapter {card['name']}": card for card in run.cards()}
    words = "was trained on simulated data: what is predicted with it says nothing of a real genome"
    return [f"{name} {words}" for name, card in made.items() if card.get("simulated")]


def _windows(run: Run, _: Mapping[str, Any]) -> list[str]:
    """Windows that were given for another genome."""
    out = run.json("sequence/reference/qc.json").get("windows_not_in_genome", 0)
    if not out:
        return []
    return [
        f"{number(out)} of the windows that were given lie on contigs that the genome has not: what lies there counts "
        "as outside of them, though it may have been seen. Are BED and FASTA of one assembly?"
    ]


def _genes(run: Run, _: Mapping[str, Any]) -> list[str]:
    """Genes that the genome has no place for, where they are many."""
    genes = run.json("sequence/reference/qc.json").get("genes", {})
    out = genes.get("left_out", {}).get("genes_not_in_genome", 0)
    total = out + genes.get("kept", 0)
    if out < FEW_GENES * total or not out:
        return []
    return [
        f"{number(out)} of {number(total)} genes of the annotation lie on contigs that the genome has not: nothing is "
        "counted there. Are the GTF and the FASTA of one assembly?"
    ]


def _pseudobulk(run: Run, _: Mapping[str, Any]) -> list[str]:
    return list(run.json("sequence/pseudobulk/qc.json").get("warnings", []))


def _dropped(run: Run, _: Mapping[str, Any]) -> list[str]:
    counts = run.rows("dropped").groupby("reason").size()
    return [f"{number(n)} variants were not scored: {reason}" for reason, n in counts.items()]


def _no_call(run: Run, _: Mapping[str, Any]) -> list[str]:
    table = run.rows("distress")
    share = table["no_call"].mean()
    words = [f"{100 * share:.1f} % of the days were not judged: too little was seen"] if share else []
    warm = table.groupby("cage")["warm_up"].all()
    never = sorted(warm.index[warm])
    return words + ([f"No baseline yet, so never judged: {', '.join(never)}"] if never else [])


def _clock(run: Run, _: Mapping[str, Any]) -> list[str]:
    """Many cages that are busier in the light than in the dark: mice are not, but a clock may be off."""
    rows = run.rows("daily")
    ratio = rows[rows["name"] == "all_day_night_ratio"].dropna(subset=["value"]).groupby("cage")["value"].median()
    odd = sorted(ratio.index[ratio > 1.0])
    if not len(ratio) or len(odd) < DAY_ACTIVE * len(ratio):
        return []
    return [
        f"{number(len(odd))} of {number(len(ratio))} cages are busier in the light than in the dark: if they hold "
        "mice, look at recording.time_zone, lights_on and lights_off (a clock that is wrong by hours moves every night)"
    ]


def _odd_events(run: Run) -> list[str]:
    """Events of the sheet far from all that was recorded: most often a slip of the pen in the year or the month."""
    ends, times = run.rows("daily")["end_utc"], run.events["time_utc"]
    found = []
    looked = run.events["kind"] == "acknowledged"  # later ones count for no alarm: cages.morning.OPEN
    for odd, days, side in (
        (looked & (times > ends.max() + pd.Timedelta(days=LOOKED_DAYS)), LOOKED_DAYS, "after the last"),
        (~looked & (times > ends.max() + pd.Timedelta(days=LATE_DAYS)), LATE_DAYS, "after the last"),
        (times < ends.min() - pd.Timedelta(days=EARLY_DAYS), EARLY_DAYS, "before the first"),
    ):
        rows, many = run.events[odd].sort_values("time_utc"), odd.sum() > 1
        for row in rows.iloc[-1:].to_dict("records"):
            found.append(
                f"{number(len(rows))} {'events lie' if many else 'event lies'} more than {days} days {side} recording "
                f"(cage {row['cage']}, {row['kind']}, {row['time_utc']:%Y-%m-%d}): are year and month right?"
            )
    return found


def _thin_recordings(run: Run) -> list[str]:
    """Cages of whose scheduled time hardly anything is there on most days: files are shorter than they should be."""
    coverage = run.rows("quality").groupby("cage")["coverage"].median()
    thin = coverage[coverage < THIN]
    if thin.empty:
        return []
    names = ", ".join(str(cage) for cage in thin.index[:5]) + (" ..." if len(thin) > 5 else "")
    return [
        f"Of {names} only {100 * thin.median():.0f} % of the scheduled time is there on most days: are fps in the "
        "segments sheet and recording.schedule_period_s, schedule_length_s right?"
    ]


def _night(run: Run, light_hours: float) -> list[str]:
    """Animals that rise hours away from lights-off: mice rise with it, so an offset may be wrong."""
    rows = run.rows("hourly")
    moved = rows[rows["name"] == "distance"].groupby("zt")["value"].mean().reindex(range(24))
    if moved.isna().any():
        return []
    around = np.tile(moved, 3)  # so that three hours before and after exist for every hour
    step = np.array([around[h : h + 3].mean() - around[h - 3 : h].mean() for h in range(24, 48)])
    off, rise = round(light_hours) % 24, int(step.argmax())
    late = (rise - off + 12) % 24 - 12
    # Half a day off is what the check of the clock is for.
    if not 2 <= abs(late) <= 9 or step[rise] < CLEARLY * step[off]:
        return []
    way = "after" if late > 0 else "before"
    return [
        f"The animals rise {abs(late)} hours {way} lights-off: an offset may be wrong (recording.time_zone, "
        "lights_off; times in the sheets that end in Z or +00:00 are UTC, not local)"
    ]


def recorded(run: Run, light_hours: float = 12.0) -> list[str]:
    """What puts clock, recordings and events of a colony in doubt; it belongs on the page of each morning, too."""
    found = []
    checks: list[Callable[[], list[str]]] = [
        lambda: _clock(run, {}),
        lambda: _night(run, light_hours),
        lambda: _thin_recordings(run),
        lambda: _odd_events(run),
    ]
    for check in checks:
        with contextlib.suppress(NoData):
            found += check()
    return found


def _budgets(run: Run, _: Mapping[str, Any]) -> list[str]:
    table = run.rows("evaluation")
    notes = table[table["note"].fillna("").str.contains("not demonstrable")]
    budgets = sorted(set(notes["budget"].dropna()))
    if not budgets:
        return []
    return [
        f"Too little healthy time to show these alarm budgets: {', '.join(number(b) for b in budgets)} per cage-month"
    ]


def _recordings(run: Run, _: Mapping[str, Any]) -> list[str]:
    table = run.rows("segments")
    counts = table[~table["usable"]].groupby("reason").size()
    return [f"{number(n)} recordings were not used: {reason}" for reason, n in counts.items()] + _same_bytes(table)


def _same_bytes(segments: pd.DataFrame) -> list[str]:
    """Files with equal contents, of which one cage would have another's pose."""
    hashed = segments.dropna(subset=["sha256"])
    twice = hashed[hashed.duplicated("sha256", keep=False)].groupby("sha256", sort=False)
    groups = [", ".join(f"{row['path']} (cage {row['cage']})" for _, row in same.iterrows()) for _, same in twice]
    more = f", and {number(len(groups) - 3)} more" if len(groups) > 3 else ""
    return [f"Recordings with the same bytes: {'; '.join(groups[:3])}{more}"] if groups else []


def _cameras(run: Run, _: Mapping[str, Any]) -> list[str]:
    faults = run.rows("quality")
    faults = faults[faults["camera_fault"]]
    shown = [f"{row['cage']} on {row['date']} ({row['reason']})" for _, row in faults.head(5).iterrows()]
    if not shown:
        return []
    more = f", and {number(len(faults) - 5)} more" if len(faults) > 5 else ""
    return [f"Cameras to look at, for these are no signs of a sick mouse: {', '.join(shown)}{more}"]


_CHECKS: list[tuple[str, Callable[[Run, Mapping[str, Any]], list[str]]]] = [
    ("sequence", leakage),
    ("sequence", held_out),
    ("sequence", _trained_on),
    ("sequence", unmeasured),
    ("sequence", weak),
    ("sequence", _windows),
    ("sequence", _genes),
    ("sequence", fits),
    ("sequence", _pseudobulk),
    ("sequence", _dropped),
    ("homecage", _clock),
    ("homecage", _recordings),
    ("homecage", _cameras),
    ("homecage", _no_call),
    ("homecage", _budgets),
]
