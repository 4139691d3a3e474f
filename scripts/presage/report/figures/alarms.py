"""Figures of the alarms: detection and lead time against the alarm budget, and the real colitis mice."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator, PercentFormatter

from presage.config.report import Report
from presage.report import style
from presage.report.cages.timeline import words
from presage.report.metric_rows import metric
from presage.report.run import OURS, NoData, Run
from presage.report.style import Drawing

SEEN_BY_PERSON = ("weight_loss_5pct", "weight_loss_10pct", "temperature_fall", "technician_note", "death")


# ---- fig 7 -------------------------------------------------------------------------------------------------------


def alarms(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Detection and realised false alarms against the alarm budget, and how long before the event the alarm came."""
    table = run.rows("evaluation")
    event = primary_event(table)
    found = metric(table, f"detection_rate:{event}", group="all").dropna(subset=["budget", "value"])
    false = metric(table, "false_alarms_per_cage_month", group="all").dropna(subset=["budget", "value"])
    lead = run.optional("lead_time")
    if found.empty or false.empty or lead is None:
        raise NoData("no events were evaluated in this run's cages")
    chance = metric(table, "chance_detection", detector=OURS).dropna(subset=["budget", "value"]).sort_values("budget")
    chance = chance.drop_duplicates("budget")
    names = sorted({*found["detector"], *false["detector"]}, key=lambda name: (name != OURS, name))
    colour = style.colours(names)
    figure = style.new_figure("Alarms at a chosen budget of false alarms", 3.4, simulated)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.1])
    _against_budget(left, found, colour)
    left.plot(chance["budget"], chance["value"], color=style.INK, linestyle=(0, (2, 2)), linewidth=1, label="by chance")
    left.set(title="Detected in time", ylabel=f"share of cases with {words(event)}", ylim=(-0.02, 1.03))
    left.yaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4), columnspacing=1.4)
    _against_budget(middle, false, colour)
    _the_budget_itself(middle, false)
    middle.set(title="False alarms that came", ylabel="episodes per healthy cage-month", ylim=(0, None))
    shown = _lead(right, lead, chosen_budget(run))
    right.legend(*_dots(shown["status"]), loc="lower right", handletextpad=0.1)
    numbers = [found.assign(panel="detected"), false.assign(panel="false alarms"), chance.assign(panel="chance"), shown]
    columns = ["panel", "metric", "detector", "group", "budget", "value", "ci_low", "ci_high", "n",
               "cage", "event", "status", "lead_days", "delay_days"]  # fmt: skip
    return figure, pd.concat([n for n in numbers if len(n)], ignore_index=True).reindex(columns=columns)


def primary_event(evaluation: pd.DataFrame) -> str:
    """The recorded event that most cases have (weight loss where it ties), never the true onset."""
    rows = evaluation[evaluation["metric"].str.startswith("detection_rate:") & (evaluation["group"] == "all")]
    judged = set(rows["metric"].str.removeprefix("detection_rate:"))
    kinds = [kind for kind in SEEN_BY_PERSON if kind in judged]
    if not kinds:
        raise NoData("no cage has an event that was evaluated")
    return kinds[0]


def chosen_budget(run: Run) -> float:
    """The alarm budget that the run was configured with: its alarms name it."""
    alarmed = run.optional("alarms")
    if alarmed is not None and len(alarmed):
        return float(alarmed["budget"].iloc[0])
    return float(run.rows("lead_time")["budget"].max())


def _against_budget(axes: Axes, rows: pd.DataFrame, colour: dict[str, str]) -> None:
    """One line per detector with its intervals, shifted a little so that intervals do not hide each other."""
    for i, (name, tint) in enumerate(colour.items()):
        mine = rows[rows["detector"] == name].sort_values("budget")
        x = mine["budget"] * 1.07**i
        axes.vlines(
            x, mine["ci_low"].fillna(mine["value"]), mine["ci_high"].fillna(mine["value"]), color=tint, alpha=0.55
        )
        axes.plot(
            x, mine["value"], "o-", color=tint, label=words(name), zorder=3 if name == OURS else 2, markersize=3.5
        )
    axes.set_xscale("log")
    budgets = sorted(set(rows["budget"]))
    axes.set_xticks(budgets, [f"{b:g}" for b in budgets])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("alarm budget per month")
    style.tidy(axes)


def _the_budget_itself(axes: Axes, rows: pd.DataFrame) -> None:
    budgets = np.geomspace(rows["budget"].min(), rows["budget"].max(), 60)
    axes.plot(budgets, budgets, color=style.INK, linewidth=0.9, linestyle=(0, (2, 2)))


_DOTS = {"detected": style.BLUE, "late": style.ORANGE, "early": style.PURPLE}


def _dots(status: pd.Series) -> tuple[list[Line2D], list[str]]:
    """Legend of the dots' colours, for those that occur."""
    names = [name for name in _DOTS if (status == name).any()]
    return [Line2D([], [], marker="o", linestyle="", color=_DOTS[name], markersize=4) for name in names], names


def _lead(axes: Axes, lead: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Days from alarm to event at the chosen budget: a dot per case, a bar at the median of those detected.

    For the true onset the days are the delay, so they are negative.
    """
    ours = lead[(lead["detector"] == OURS) & (lead["budget"] == budget) & (lead["status"] != "not_judged")].copy()
    ours["days"] = ours["lead_days"].where(ours["event"] != "onset", -ours["delay_days"])
    kinds, counts = [k for k in (*SEEN_BY_PERSON, "onset") if (ours["event"] == k).any()], []
    for i, kind in enumerate(kinds):
        rows = ours[ours["event"] == kind].sort_values("days")
        # Dots of one case spread evenly, so that equal days stay apart and the picture repeats.
        y = i + 0.22 * np.sin(2.399963 * np.arange(len(rows)))
        for status, colour in _DOTS.items():
            keep = (rows["status"] == status).to_numpy()
            axes.plot(rows.loc[keep, "days"], y[keep], "o", color=colour, alpha=0.75, markersize=3.5, markeredgewidth=0)
        hits = rows["status"] == "detected"
        if hits.any():
            axes.vlines(rows.loc[hits, "days"].median(), i - 0.32, i + 0.32, color=style.INK, linewidth=1.6)
        counts.append(f"{hits.sum()} of {len(rows)}")
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set_yticks(range(len(kinds)), [f"{words(kind)}\n{count}" for kind, count in zip(kinds, counts)])
    axes.tick_params(axis="y", length=0)
    axes.set(title=f"Lead time at budget {budget:g}", xlabel="days before the event", ylim=(len(kinds) - 0.5, -0.5))
    style.tidy(axes, "x")
    return ours[["cage", "group", "event", "status", "lead_days", "delay_days", "budget", "detector"]].assign(
        panel="lead time"
    )


# ---- fig 9 -------------------------------------------------------------------------------------------------------


def dss(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Real colitis mice: who was alarmed in each group by each rule, lead over 5 % weight loss, and healthy mice."""
    table = run.rows("evaluation")
    hits = table[table["metric"].isin(["detected_after_treatment", "controls_alarmed"]) & (table["group"] != "treated")]
    if hits.empty:
        raise NoData("the DSS protocol was not run (homecage.dss)")
    lead = run.table("lead_time")
    lead = lead[lead["group"].isin(["DSS", "stress+DSS"]) & (lead["detector"] == OURS)]
    healthy = metric(table, "false_alarms_per_cage_month")
    healthy = healthy[(healthy["group"] != "all") & healthy["value"].notna()]
    panels = [("hits", 1.3), ("lead", 1.1)] + [("healthy", 1.3)] * bool(len(healthy))
    figure = style.new_figure("Published colitis mice (real), activity only, day 0 masked", 3.5, simulated)
    axes = figure.subplots(1, len(panels), width_ratios=[width for _, width in panels])
    _dss_hits(axes[0], hits)
    figure.legend(loc="outside lower left", ncols=3)
    _dss_lead(axes[1], lead)
    axes[1].legend(*_dots(lead["status"]), loc="upper left")
    if len(healthy):
        names = sorted({*healthy["detector"]}, key=lambda name: (name != OURS, name))
        _against_budget(axes[2], healthy, dict(zip(names, [style.BLUE, style.ORANGE, style.GREEN])))
        _the_budget_itself(axes[2], healthy)
        axes[2].set(title="Healthy mice", ylabel="false alarms per mouse-month")
        axes[2].tick_params(axis="x", labelrotation=60)
    numbers = [hits.assign(panel="alarmed"), lead.assign(panel="lead time"), healthy.assign(panel="healthy")]
    columns = [
        "panel",
        "metric",
        "detector",
        "group",
        "budget",
        "value",
        "ci_low",
        "ci_high",
        "n",
        "cage",
        "status",
        "lead_days",
    ]
    return figure, pd.concat([n for n in numbers if len(n)], ignore_index=True).reindex(columns=columns)


def _dss_hits(axes: Axes, rows: pd.DataFrame) -> None:
    """Share of the animals alarmed after treatment, by group and detector, with exact intervals and the counts."""
    groups = [g for g in ("DSS", "stress+DSS", "control") if (rows["group"] == g).any()]
    names = sorted(set(rows["detector"]), key=lambda name: (name != OURS, name))
    colour = dict(zip(names, [style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY]))
    for i, name in enumerate(names):
        mine = rows[rows["detector"] == name].set_index("group").reindex(groups)
        x = np.arange(len(groups)) + (i - (len(names) - 1) / 2) * 0.13
        axes.vlines(x, mine["ci_low"], mine["ci_high"], color=colour[name], alpha=0.6)
        axes.plot(x, mine["value"], "o", color=colour[name], label=words(name), markersize=4.5)
    ours = rows[rows["detector"] == OURS].set_index("group").reindex(groups)
    labels = [f"{g}\n{v * n:.0f} of {n:.0f}" for g, v, n in zip(groups, ours["value"], ours["n"])]
    axes.set_xticks(range(len(groups)), labels)
    axes.tick_params(axis="x", length=0)
    axes.set(title="Alarmed after treatment", ylabel="share of animals", ylim=(-0.03, 1.03))
    axes.set_xlim(-0.5, len(groups) - 0.5)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    style.tidy(axes)


def _dss_lead(axes: Axes, lead: pd.DataFrame) -> None:
    """Days from the alarm to 5 % weight loss for the animals that reach it."""
    groups = sorted(set(lead["group"]))
    for i, group in enumerate(groups):
        rows = lead[lead["group"] == group].sort_values("lead_days")
        x = i + 0.12 * (np.arange(len(rows)) - (len(rows) - 1) / 2) / max(len(rows) / 6, 1)
        tint = rows["status"].map(_DOTS).fillna(style.RIVAL)
        axes.scatter(x, rows["lead_days"], color=list(tint), s=18, zorder=3)
        axes.hlines(rows["lead_days"].fillna(-np.inf).median(), i - 0.4, i + 0.4, color=style.INK, linewidth=1.4)
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.set_xticks(range(len(groups)), [f"{g}\nn = {(lead['group'] == g).sum()}" for g in groups])
    axes.tick_params(axis="x", length=0)
    axes.set(title="Lead over 5 % loss", ylabel="lead time (days; bar: median)", xlim=(-0.6, len(groups) - 0.4))
    style.tidy(axes)
