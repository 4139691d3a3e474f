"""Detectors side by side, pooled over runs, as a Markdown table: ``python -m presage.report.alarms_table RUN ...``.

For one study in several worlds (seeds), or several studies with the same settings. Cases and cage-months are added up,
so each run counts by how much it saw.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from presage.homecage.alarms.policy import MONTH_DAYS
from presage.homecage.evaluation.statistics import binomial_ci, median_with_misses, poisson_ci
from presage.report.run import NoData, Run

COLUMNS = (
    "detector", "budget", "detected before", "95 %", "median lead, d", "within a week of onset", "95 %",
    "median delay, d", "false alarms", "95 %", "by run",
)  # fmt: skip
WEEK = 7.0


def alarms_table(runs: Sequence[Run], budgets: Sequence[float], event: str = "weight_loss_5pct") -> str:
    """A line for each detector and budget.

    ``detected before``: cases with an alarm within the horizon before ``event``, exact binomial interval; ``median
    lead`` over all of them, a miss counting as the worst. ``within a week of onset``: alarms decided in the seven days
    after the true onset, with the median ``delay`` over all cases (a dash where no onset is known). ``false alarms``:
    episodes in healthy cage-months, Poisson interval, which is too narrow where runs differ: see ``by run``.

    Raises :class:`NoData` where a run has no evaluation.
    """
    tables = [(run.rows("evaluation"), run.rows("lead_time")) for run in runs]
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---:" + "|---:" * (len(COLUMNS) - 2) + "|"]
    for detector in dict.fromkeys(name for rows, _ in tables for name in rows["detector"]):
        for budget in budgets:
            own = [_of(rows, detector, budget) for rows, _ in tables]
            cases, hits = _counts(own, f"detection_rate:{event}", per=1.0)
            days, false = _counts(own, "false_alarms_per_cage_month", per=MONTH_DAYS)
            if not cases or not days:
                continue
            lead = pd.concat([_cases(table, detector, budget) for _, table in tables])
            before = lead.loc[lead["event"] == event, "lead_days"].to_numpy(dtype=float)
            rates = [f"{value:.2f}" for rows in own for value in rows["value"].filter(["false_alarms_per_cage_month"])]
            cells = [
                detector,
                f"{budget:g}",
                f"{hits}/{cases} = {hits / cases:.2f}",
                "{:.2f} to {:.2f}".format(*binomial_ci(hits, cases)),
                f"{float(median_with_misses(before)):.2f}",
                *_after_onset(lead.loc[lead["event"] == "onset", "delay_days"].to_numpy(dtype=float)),
                f"{false} in {days / MONTH_DAYS:.0f} = {false * MONTH_DAYS / days:.2f}",
                "{:.2f} to {:.2f}".format(*poisson_ci(false, days / MONTH_DAYS)),
                ", ".join(rates),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of(rows: pd.DataFrame, detector: str, budget: float) -> pd.DataFrame:
    """Rows over all cages, by metric."""
    mine = rows[(rows["detector"] == detector) & (rows["budget"] == budget) & (rows["group"] == "all")]
    return mine.set_index("metric")


def _counts(runs: Sequence[pd.DataFrame], metric: str, per: float) -> tuple[int, int]:
    """Sum over runs of the rows' ``n``, and of what happened in them: ``value`` is per ``per`` of ``n``."""
    rows = pd.concat([run.loc[run.index == metric, ["value", "n"]] for run in runs])
    happened = (rows["value"] * rows["n"] / per).round().fillna(0.0)
    return int(rows["n"].sum()), int(happened.sum())


def _cases(table: pd.DataFrame, detector: str, budget: float) -> pd.DataFrame:
    """Rows of the `lead_time` table that could be judged."""
    mine = table[(table["detector"] == detector) & (table["budget"] == budget)]
    return mine[mine["status"] != "not_judged"]


def _after_onset(delays: np.ndarray) -> tuple[str, str, str]:
    if not len(delays):
        return "–", "–", "–"
    hits, n = int((delays <= WEEK).sum()), len(delays)
    return (
        f"{hits}/{n} = {hits / n:.2f}",
        "{:.2f} to {:.2f}".format(*binomial_ci(hits, n)),
        f"{-float(median_with_misses(-delays)):.2f}",
    )


def main() -> None:
    """The table of the runs named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m presage.report.alarms_table", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="folders results/<run>")
    parser.add_argument("--budgets", nargs="+", type=float, default=[0.25, 1.0], help="false alarms per cage-month")
    parser.add_argument("--event", default="weight_loss_5pct")
    given = parser.parse_args()
    try:
        print(alarms_table([Run(folder) for folder in given.runs], given.budgets, given.event))
    except NoData as reason:
        parser.exit(1, f"error: {reason}\n")


if __name__ == "__main__":
    main()
