"""Figure of how far an evaluation reaches: strains and sites left out, other technicians, lost hours, decisions."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from presage.config.report import Report
from presage.report import style
from presage.report.figures.alarms import chosen_budget
from presage.report.metric_rows import metric, whisker
from presage.report.run import OURS, NoData, Run
from presage.report.style import Drawing

LEFT_OUT = "left_out:false_alarms_per_cage_month"
COLUMNS = ["panel", "metric", "detector", "group", "budget", "value", "ci_low", "ci_high", "n"]


def reach(run: Run, settings: Report, simulated: bool | None) -> Drawing:
    """Up to four panels, those that the run has numbers for."""
    table, budget = run.rows("evaluation"), chosen_budget(run)
    data = {
        "strains": _strains(table, budget),
        "technicians": metric(table, "lead_over_technician", detector=OURS),
        "lost hours": _lost(table, budget),
        "decisions": table[table["metric"].isin(["net_benefit", "net_benefit_of_all"])],
    }
    draw = {"strains": _draw_strains, "technicians": _draw_leads, "lost hours": _draw_lost, "decisions": _draw_curve}
    shown = [name for name, rows in data.items() if rows["value"].notna().any()]
    if not shown:
        raise NoData("one strain, no known onset, no healthy mice by the hour and no classifier: nothing to compare")
    figure = style.new_figure("How far the numbers reach", 3.1 * ((len(shown) + 1) // 2), simulated)
    grid = np.ravel(figure.subplots((len(shown) + 1) // 2, min(len(shown), 2), squeeze=False))
    for axes, name in zip(grid, shown):
        draw[name](axes, data[name], budget)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    parts = [data[name].assign(panel=name) for name in shown]
    return figure, pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)


def _strains(table: pd.DataFrame, budget: float) -> pd.DataFrame:
    """False alarms with all strains among those that set the threshold, and with the strain (or site) left out."""
    among = metric(table, "false_alarms_by_strain", detector=OURS, budget=budget)
    among = among.assign(group="strain " + among["group"])
    return pd.concat([among, metric(table, LEFT_OUT, detector=OURS, budget=budget)], ignore_index=True)


def _lost(table: pd.DataFrame, budget: float) -> pd.DataFrame:
    """False alarms of healthy mice from elsewhere as recorded, and with hours lost."""
    lost = metric(table, "false_alarms_lost_hours", detector=OURS, budget=budget)
    sources = {group.split(":")[0] for group in lost["group"]}
    whole = metric(table, "false_alarms_per_cage_month", detector=OURS, budget=budget)
    return pd.concat([whole[whole["group"].isin(sources)], lost], ignore_index=True)


def _rates(axes: Axes, rows: pd.DataFrame, labels: list[str], budget: float, colours: list[str]) -> None:
    y = np.arange(len(rows))[::-1]
    for at, colour, (value, low, high) in zip(y, colours, rows[["value", "ci_low", "ci_high"]].to_numpy(float)):
        whisker(axes, value, at, low, high, colour)
        axes.plot(value, at, "o", color=colour)
    axes.axvline(budget, color=style.INK, linestyle=(0, (3, 2)), linewidth=0.9)
    axes.set_yticks(y, labels)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="false alarms per month (dashed: budget)", xlim=(0, None))
    style.tidy(axes, "x")


def _draw_strains(axes: Axes, rows: pd.DataFrame, budget: float) -> None:
    out = rows["metric"] == LEFT_OUT
    pooled = {"strain": "all strains", "site": "all sites"}
    rows = rows.assign(out=out, of=rows["group"].replace(pooled)).sort_values(["of", "out"], kind="stable")
    labels = [f"{of}{', left out' if left else ''}" for of, left in zip(rows["of"], rows["out"])]
    _rates(axes, rows, labels, budget, [style.ORANGE if left else style.BLUE for left in rows["out"]])
    axes.set_title("Threshold set with and without it")


def _draw_lost(axes: Axes, rows: pd.DataFrame, budget: float) -> None:
    labels = [group.split(": ")[1].split(" lost")[0] + " lost" if ": " in group else "as recorded"
              for group in rows["group"]]  # fmt: skip
    _rates(axes, rows, labels, budget, [style.ORANGE if label.endswith("lost") else style.BLUE for label in labels])
    axes.set_title(f"Healthy mice, hours lost on {_share(rows)} of days")


def _share(rows: pd.DataFrame) -> str:
    return rows["group"].str.extract(r"on (\d+ %)", expand=False).dropna().iloc[0]


def _draw_leads(axes: Axes, rows: pd.DataFrame, budget: float) -> None:
    x = rows["group"].str.split(" ").str[0].astype(float)
    for at, row in zip(x, rows.itertuples()):
        whisker(axes, at, row.value, row.ci_low, row.ci_high, style.BLUE, upright=True)
        axes.annotate(f"{row.n}", (at, row.value), xytext=(5, 3), textcoords="offset points", fontsize=7)
    axes.plot(x, rows["value"], "o-", color=style.BLUE)
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks(list(x), [f"{f:g}" for f in x])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(title="Lead over a technician (cases noted)", xlabel="times as attentive as assumed",
             ylabel="median days before the note")  # fmt: skip
    style.tidy(axes)


def _draw_curve(axes: Axes, rows: pd.DataFrame, budget: float) -> None:
    looks = {"net_benefit": (style.PURPLE, "classifier"), "net_benefit_of_all": (style.INK, "look at every cage")}
    for name, (colour, label) in looks.items():
        mine = rows[rows["metric"] == name]
        x = mine["group"].str.rsplit(" ", n=1).str[1].astype(float)
        axes.fill_between(x, mine["ci_low"], mine["ci_high"], color=colour, alpha=0.12, linewidth=0)
        axes.plot(x, mine["value"], "o-", color=colour, label=label)
    axes.axhline(0, color=style.MUTED, linewidth=0.8, label="look at none")
    best = rows.loc[rows["metric"] == "net_benefit", "ci_high"].max()
    axes.set(title="Decision curve", xlabel="probability at which one looks", ylabel="net benefit per cage-day",
             ylim=(-0.6 * best, 1.15 * best))  # fmt: skip
    axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
    axes.legend(loc="lower left", fontsize=7)
    style.tidy(axes)
