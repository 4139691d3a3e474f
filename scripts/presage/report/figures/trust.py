"""Figures of how far alarms may be trusted: when they came, whether luck does as well, what would have been seen."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from presage.config.report import Report
from presage.report import style
from presage.report.cages.timeline import words
from presage.report.figures.alarms import chosen_budget, primary_event
from presage.report.metric_rows import metric
from presage.report.render import number
from presage.report.run import OURS, NoData, Run
from presage.report.style import Drawing

NOTE = "technician_note"
SPAN = (-7.0, 3.0)  # days from the event that are drawn
SHAPES = {"step": "at once", "ramp": "over three days", "dss": "as in colitis, five days"}


# ---- fig 13 ------------------------------------------------------------------------------------------------------


def before(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Share of the cases that had been alarmed, day by day towards the event, at the chosen budget and a strict one."""
    lead = run.optional("lead_time")
    if lead is None or lead.empty:
        raise NoData("no events were evaluated in this run's cages")
    event, chosen = primary_event(run.rows("evaluation")), chosen_budget(run)
    cases = lead[(lead["event"] == event) & (lead["status"] != "not_judged") & lead["budget"].notna()]
    budgets = [chosen, *[b for b in (0.25,) if b != chosen and (cases["budget"] == b).any()]]
    names = sorted(set(cases["detector"]), key=lambda name: (name != OURS, name))
    colour = style.colours(names)
    figure = style.new_figure(f"Alarmed before {words(event)}", 3.3, simulated)
    every, numbers = np.ravel(figure.subplots(1, len(budgets), sharey=True, squeeze=False)), []
    for axes, budget in zip(every, budgets):
        for name in names:
            mine = cases[(cases["budget"] == budget) & (cases["detector"] == name)]
            if len(mine):
                steps = _curve(-mine["lead_days"], len(mine))
                bold = name == OURS
                axes.step(steps["day"], steps["share"], where="post", color=colour[name], label=words(name),
                          linewidth=2.2 if bold else 1.1, zorder=3 if bold else 2)  # fmt: skip
                numbers.append(steps.assign(detector=name, budget=budget, panel=f"budget {budget:g}"))
        noted = _noted(lead, event)
        if noted is not None:
            axes.step(noted["day"], noted["share"], where="post", color=style.INK, linewidth=1.1,
                      linestyle=(0, (3, 2)), label="noted by a person")  # fmt: skip
            numbers.append(noted.assign(detector="person", budget=budget, panel=f"budget {budget:g}"))
        axes.axvline(0, color=style.MUTED, linewidth=0.8)
        axes.set(title=f"Budget {budget:g} a cage-month", xlabel=f"days from {words(event)}", xlim=SPAN)
        axes.set_ylim(-0.02, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        style.tidy(axes)
    every[0].set_ylabel(f"share of {cases['cage'].nunique()} cases")
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, columnspacing=1.4)
    return figure, pd.concat(numbers, ignore_index=True)


def _curve(days: pd.Series, n: int) -> pd.DataFrame:
    """Steps of the share of ``n`` cases that had happened by each day; NaN = never."""
    at = np.sort(days.dropna().to_numpy(float))
    inside = np.clip(at, SPAN[0], None)
    return pd.DataFrame(
        {"day": np.r_[SPAN[0], inside, SPAN[1]], "share": np.r_[0.0, np.arange(1, len(at) + 1), len(at)] / n}
    )


def _noted(lead: pd.DataFrame, event: str) -> pd.DataFrame | None:
    """When a person noted the same cages, relative to ``event``."""
    first = lead.drop_duplicates(["cage", "animal", "event"]).assign(animal=lambda t: t["animal"].fillna(""))
    when = first.pivot_table(index=["cage", "animal"], columns="event", values="event_utc", aggfunc="first")
    if event == NOTE or NOTE not in when or event not in when:
        return None
    both = when.dropna(subset=[event])
    days = (pd.to_datetime(both[NOTE], utc=True) - pd.to_datetime(both[event], utc=True)) / pd.Timedelta(days=1)
    return _curve(days, len(both))


# ---- fig 14 ------------------------------------------------------------------------------------------------------


def trust(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Real events against events that were moved, probabilities against what happened, false alarms by weekday."""
    table = run.rows("evaluation")
    draw = {"control": (_control, 1.0), "reliability": (_reliability, 1.0), "strata": (_strata, 1.5)}
    data = {"control": _control_rows(table), "reliability": _reliability_rows(table)}
    data["strata"] = metric(table, "alarm_days", detector=OURS).dropna(subset=["value"])
    shown = [name for name in draw if len(data[name])]
    if not shown:
        raise NoData("no events were evaluated in this run's cages")
    figure = style.new_figure("What an alarm is worth", 3.2, simulated)
    every = np.ravel(figure.subplots(1, len(shown), squeeze=False, width_ratios=[draw[name][1] for name in shown]))
    for axes, name in zip(every, shown):
        draw[name][0](axes, data[name])
    columns = ["panel", "metric", "detector", "group", "budget", "value", "ci_low", "ci_high", "n", "predicted"]
    parts = [data[name].assign(panel=name) for name in shown]
    return figure, pd.concat(parts, ignore_index=True).reindex(columns=columns)


def _control_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Detection of the primary event, of the same moved two weeks back, and by chance; by budget."""
    try:
        event = primary_event(table)
    except NoData:
        return table[:0]
    names = [f"detection_rate:{event}", f"detection_rate_shifted:{event}", "chance_detection"]
    rows = table[table["metric"].isin(names) & (table["detector"] == OURS) & (table["group"] == "all")]
    return rows.dropna(subset=["budget", "value"]).sort_values(["metric", "budget"])


def _control(axes: Axes, rows: pd.DataFrame) -> None:
    looks = (("detection_rate:", style.BLUE, "real events", "-"),
             ("detection_rate_shifted:", style.ORANGE, "moved two weeks back", "-"),
             ("chance_detection", style.INK, "by chance", "--"))  # fmt: skip
    for i, (start, colour, label, line) in enumerate(looks):
        mine = rows[rows["metric"].str.startswith(start)]
        x = mine["budget"] * 1.06**i
        axes.vlines(x, mine["ci_low"], mine["ci_high"], color=colour, alpha=0.5)
        axes.plot(
            x, mine["value"], line, marker="o" if line == "-" else None, color=colour, markersize=3.5, label=label
        )
    axes.set_xscale("log")
    budgets = sorted(set(rows["budget"]))
    axes.set_xticks(budgets, [f"{b:g}" for b in budgets], rotation=60)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(title="Negative control", xlabel="alarm budget per month", ylabel="detected in time", ylim=(-0.02, 1.03))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    style.tidy(axes)


def _reliability_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Observed shares by bin, with what was ``predicted``."""
    said = metric(table, "reliability_predicted").set_index(["detector", "group"])["value"].rename("predicted")
    return metric(table, "reliability_observed").join(said, on=["detector", "group"])


def _reliability(axes: Axes, rows: pd.DataFrame) -> None:
    axes.plot([0, 1], [0, 1], color=style.INK, linestyle=(0, (2, 2)), linewidth=0.9)
    axes.vlines(rows["predicted"], rows["ci_low"], rows["ci_high"], color=style.PURPLE, alpha=0.5)
    axes.plot(rows["predicted"], rows["value"], "o-", color=style.PURPLE, markersize=3.5)
    axes.set(
        title="Classifier's probability", xlabel="predicted", ylabel="observed", xlim=(-0.02, 1), ylim=(-0.02, 1.03)
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    style.tidy(axes, "both")


def _strata(axes: Axes, rows: pd.DataFrame) -> None:
    y = np.arange(len(rows))[::-1]
    axes.hlines(y, rows["ci_low"], rows["ci_high"], color=style.BLUE, alpha=0.5)
    axes.plot(rows["value"], y, "o", color=style.BLUE)
    labels = [f"{group.removeprefix('weekday ')} ({n})" for group, n in zip(rows["group"], rows["n"])]
    axes.set_yticks(y, labels)
    axes.tick_params(axis="y", length=0)
    axes.set(title="False alarms by day", xlabel="alarm days per 100 cage-days", xlim=(0, None))
    style.tidy(axes, "x")


# ---- fig 15 ------------------------------------------------------------------------------------------------------


def power(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """What would have been found of an illness injected into the study's own healthy cages, and how soon."""
    table = run.rows("evaluation")
    rows = table[table["metric"].str.startswith("power")].copy()
    if rows.empty:
        raise NoData("no healthy stretch of these cages was long enough to inject an illness")
    rows["fall"] = rows["group"].str.extract(r"(\d+)", expand=False).astype(float) / 100
    rows.loc[rows["metric"] == "power_without", "fall"] = 0.0  # what alarms without any illness
    shapes = [shape for shape in SHAPES if (rows["metric"] == f"power:{shape}").any()]
    chosen = chosen_budget(run)
    known = sorted(set(rows["budget"].dropna()))
    budgets = sorted({min(known, key=lambda b: abs(b - wanted)) for wanted in (0.25, chosen)})
    title = f"An illness injected into {number(int(rows['n'].max()))} stretches of these healthy cages"
    figure = style.new_figure(title, 4.6, simulated)
    grid = figure.subplots(2, len(shapes), sharex=True, sharey="row", squeeze=False)
    colour_of = style.colours(sorted(set(rows["detector"]), key=lambda name: (name != OURS, name)))
    lines = dict(zip(budgets, ("-", (0, (3, 2)))))
    looks = {(name, b): (colour, line) for b, line in lines.items() for name, colour in colour_of.items()}
    for column, shape in enumerate(shapes):
        for (name, budget), (colour, line) in looks.items():
            mine = rows[(rows["detector"] == name) & (rows["budget"] == budget)].sort_values("fall")
            found = mine[mine["metric"].isin(["power_without", f"power:{shape}"])]
            delay = mine[mine["metric"] == f"power_delay_days:{shape}"]
            grid[0, column].fill_between(found["fall"], found["ci_low"], found["ci_high"], color=colour, alpha=0.1)
            label = f"{words(name)}, budget {budget:g}"
            grid[0, column].plot(found["fall"], found["value"], marker="o", color=colour, linestyle=line, label=label)
            grid[1, column].plot(delay["fall"], delay["value"], marker="o", color=colour, linestyle=line)
        grid[0, column].set_title(f"Fall {SHAPES[shape]}")
        grid[1, column].set_xlabel("fall of activity (0: as recorded)")
        for axes in grid[:, column]:
            axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
            style.tidy(axes)
    grid[0, 0].set(ylabel="found within 7 days", ylim=(-0.02, 1.03))
    grid[0, 0].yaxis.set_major_formatter(PercentFormatter(1, 0))
    grid[1, 0].set(ylabel="median days to the alarm", ylim=(0, 7.2))
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, columnspacing=1.4, handlelength=3
    )
    columns = ["metric", "detector", "group", "fall", "budget", "value", "ci_low", "ci_high", "n"]
    return figure, rows.assign(panel=rows["metric"])[["panel", *columns]].reset_index(drop=True)
