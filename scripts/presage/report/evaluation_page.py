"""evaluation.html: what the trunk had seen, metrics by fold, what holds for the unseen, and labelled variants."""

from typing import Any

import pandas as pd

from presage import tables
from presage.config.report import Report
from presage.report import warn
from presage.report.cages.timeline import simulated_sentence
from presage.report.drawing import Drawn, draw
from presage.report.figures import generalisation, leakage
from presage.report.figures.leakage import KINDS
from presage.report.figures.plot import Plot
from presage.report.metric_rows import metric, over_seeds
from presage.report.page import Card, Table, table
from presage.report.render import interval, number, render
from presage.report.run import NoData, Run
from presage.sequence.generalise.verdict import verdicts

MOST = 200  # exposed items that are listed
_R = ("bin_pearson", "gene_pearson", "across_types_r")
TRACKS = (*_R, "bin_spearman", "gene_centred_r", "skill", "noise_ceiling", *(f"{name}_difference" for name in _R))
CHECKS = (warn.leakage, warn.unmeasured, warn.weak, warn.held_out, warn.fits)
VARIANTS = ("variant_auroc", "variant_auprc", "variant_auroc_difference", "variant_sign_accuracy", "variant_spearman")
FILES = {
    "metrics.parquet": "every metric by model, seed, fold and group",
    "leakage.parquet": "every item with its fold",
    "generalise.parquet": "every predictor of every hold-out",
    "roc.parquet": "curves of labelled variants",
}


def evaluation_page(run: Run, title: str = "") -> str:
    """The page as text. Raises :class:`NoData` where the run was not evaluated."""
    metrics, audit = run.table("metrics"), run.rows("leakage")
    simulated = run.simulated("sequence")
    held = run.optional("generalise")
    found = verdicts(held) if held is not None and len(held) else verdicts(tables.empty("generalise"))
    return render(
        "evaluation.html",
        title=title or run.name,
        simulated=simulated_sentence(simulated),
        cards=cards(metrics, audit, found),
        warnings=[words for check in CHECKS for words in _asked(check, run)],
        seen=_drawn("What the trunk had seen", leakage.numbers, leakage.draw, run, simulated),
        exposed=exposed(audit),
        exposed_of=int(((audit["fold"] == "train") & (audit["kind"] != "window")).sum()),
        by_fold=by_split(metrics, TRACKS),
        lost=_drawn("What is predicted unseen", generalisation.numbers, generalisation.draw, run, simulated),
        verdicts=verdict_table(found),
        variants=by_split(metrics, VARIANTS),
        by_distance=by_group(metrics, "tss "),
        by_motif=by_group(metrics, "motif "),
        files=[(name, what) for name, what in FILES.items() if (run.folder / "sequence/evaluate" / name).is_file()],
    )


def _asked(check: Any, run: Run) -> list[str]:
    try:
        return list(check(run, {}))
    except NoData:
        return []


def _drawn(alt: str, numbers: Any, drawing: Any, run: Run, simulated: bool | None) -> Drawn:
    plot = Plot(numbers, drawing)

    def make() -> Any:
        data = plot.numbers(run, Report())
        return plot.draw(data, simulated), data

    return draw(alt, make)


def cards(metrics: pd.DataFrame, audit: pd.DataFrame, found: pd.DataFrame) -> list[Card]:
    """The handful of numbers that tell whether to read on."""
    out = []
    for kind, name in KINDS.items():
        mine = audit[audit["kind"] == kind]
        if kind != "window" and len(mine):
            seen, words = number(int((mine["fold"] == "train").sum())), f"of {number(len(mine))}"
            if (mine["fold"] == "unknown").all():
                seen, words = "unknown", f"of {number(len(mine))}: nobody says what the trunk was trained on"
            out.append(Card(f"{name.capitalize()} in training windows", seen, words, ""))
    if len(found):
        kept = int((found["verdict"] == "generalises").sum())
        out.append(Card("Hold-outs that generalise", f"{kept} of {len(found)}", "at most 5 % of r is lost", ""))
    best = over_seeds(metric(metrics, "bin_pearson", split="test", group="all")).sort_values("value", ascending=False)
    fitted = best[~best["model"].isin(warn.BASELINES)]
    if len(fitted):
        top = fitted.iloc[0]
        words = f"of {top['model']}, {interval(top['ci_low'], top['ci_high'])}"
        out.append(Card("Highest test r over bins", number(top["value"]), words, ""))
    apart = over_seeds(metric(metrics, "across_types_r", split="test", group="all")).dropna(subset=["value"])
    apart = apart[~apart["model"].isin(warn.BASELINES)].sort_values("value", ascending=False)
    if len(apart):
        top = apart.iloc[0]
        words = f"of {top['model']}, {interval(top['ci_low'], top['ci_high'])}: how well cell types are told apart"
        out.append(Card("Highest across-type r on test genes", number(top["value"]), words, ""))
    return out


def by_split(metrics: pd.DataFrame, names: tuple[str, ...]) -> Table | None:
    """One row for each metric and model, one column for each fold: value and interval."""
    rows = []
    for name in names:
        for split in ("train", "valid", "test", "test_clean", "not_train", "outside"):
            part = metrics[(metrics["metric"] == name) & (metrics["split"] == split) & (metrics["group"] == "all")]
            for row in over_seeds(part).dropna(subset=["value"]).to_dict("records"):
                text = f"{number(row['value'])} ({interval(row['ci_low'], row['ci_high'])})".replace(" ()", "")
                named = (words.replace("_", " ") for words in (name, row["model"], split))
                rows.append((*named, text, float(row["value"])))
    if not rows:
        return None
    frame = pd.DataFrame(rows, columns=["metric", "model", "split", "text", "value"])
    wide, values = (
        frame.pivot_table(index=["metric", "model"], columns="split", values=column, aggfunc="first", sort=False)
        for column in ("text", "value")
    )
    return _sorted_by(table("", wide.fillna("–").reset_index()), values.reset_index(drop=True))


def _sorted_by(shown: Table, values: pd.DataFrame) -> Table:
    """``shown`` with the last columns sorted by these ``values`` instead of their text; where there is none, last."""
    first = len(shown.columns) - values.shape[1]
    for row, record in zip(shown.rows, values.itertuples(index=False)):
        for column, value in enumerate(record, first):
            row[column] = (row[column][0], "" if pd.isna(value) else str(value))
    return shown


def by_group(metrics: pd.DataFrame, named: str) -> Table | None:
    """Metrics of variants in the groups that are ``named`` so, outside the training fold: bins of the distance to a
    transcription start (with the distance alone as a model), motifs of the built-in world."""
    chosen = metrics["group"].str.contains(named) & (metrics["split"] == "not_train")
    rows = metrics[chosen & metrics["metric"].isin(VARIANTS)].dropna(subset=["value"])
    if rows.empty:
        return None
    frame = pd.DataFrame(
        {
            "variants": rows["group"],
            "metric": rows["metric"].str.removeprefix("variant_").str.replace("_", " "),
            "model": rows["model"].str.replace("_", " "),
            "value": rows["value"],
            "95 %": [interval(low, high) for low, high in zip(rows["ci_low"], rows["ci_high"])],
            "n": rows["n"],
        }
    )
    frame = frame.sort_values(["variants", "metric", "model"], kind="stable")
    return _sorted_by(table("", frame), rows.loc[frame.index, ["ci_low", "n"]])


def verdict_table(found: pd.DataFrame) -> Table | None:
    """Hold-outs with what was lost."""
    if found.empty:
        return None
    frame = pd.DataFrame(
        {
            "held out": found["axis"].str.replace("_", " ") + " " + found["held_out"],
            "verdict": found["verdict"],
            "predicted by": found["predictor"].str.replace("_", " "),
            "r, fitted with it": found["in_sample"],
            "r, without": found["value"],
            "noise ceiling": found["ceiling"],
            "drop": found["drop"],
            "95 %": [interval(low, high) for low, high in zip(found["drop_low"], found["drop_high"])],
        }
    )
    return _sorted_by(table("", frame), found[["drop_low"]])


def exposed(audit: pd.DataFrame) -> Table | None:
    """Genes, variants, regions and elements in training windows, the first :data:`MOST`."""
    rows = audit[(audit["fold"] == "train") & ~audit["kind"].isin(["window"])]
    order = {kind: i for i, kind in enumerate(("variant", "region", "mpra", "gene"))}
    rows = rows.assign(order=rows["kind"].map(order)).sort_values("order", kind="stable").head(MOST)
    if rows.empty:
        return None
    frame = pd.DataFrame(
        {
            "kind": rows["kind"].map({**{kind: kind for kind in order}, "mpra": "reporter element"}),
            "item": rows["item"],
            "where (1-based)": [f"{c}:{s + 1:,}-{e:,}" for c, s, e in zip(rows["chrom"], rows["start"], rows["end"])],
            "also read by inputs of": rows["input_overlap"].fillna(""),
        }
    )
    return table("", frame.reset_index(drop=True))
