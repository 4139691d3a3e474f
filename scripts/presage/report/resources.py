"""What the jobs of a run asked for and took, as a Markdown table: ``python -m presage.report.resources results/<run>``.

Read from the first and the last line of the jobs' logs. A job that was still running, or failed, has no last line and
is not in the table.
"""

import re
from pathlib import Path

import pandas as pd

from presage.entry import ASKED, TOOK
from presage.report.command_line import print_of_run
from presage.report.run import NoData

COLUMNS = ("rule", "jobs", "peak MB", "asked MB", "used", "longest s", "all s", "asked min", "threads", "GPUs")


def _pattern(line: str) -> re.Pattern[str]:
    """What matches a line of the log that was written with the format ``line``."""
    return re.compile(re.sub(r"%[\w.]+", r"([\\d.]+)", line))


_ASKED, _TOOK = _pattern(ASKED), _pattern(TOOK)


def jobs(run: Path) -> pd.DataFrame:
    """One row for each finished job: rule, log, threads, asked_mb, asked_min, gpus, seconds,
    peak_mb.

    Raises :class:`NoData` when the run has no log of a finished job.
    """
    logs = run / "logs"
    rows = []
    for path in sorted(logs.rglob("*.log")):
        text = path.read_text(encoding="utf-8", errors="replace")
        asked, took = _ASKED.search(text), _TOOK.search(text)
        if asked and took:
            rule = path.relative_to(logs).parts[0].removesuffix(".log")
            own = str(path.relative_to(logs))
            rows.append((rule, own, *map(float, asked.groups()), *map(float, took.groups())))
    if not rows:
        raise NoData(f"{logs} holds no log of a finished job")
    return pd.DataFrame(rows, columns=["rule", "log", "threads", "asked_mb", "asked_min", "gpus", "seconds", "peak_mb"])


def resources_table(run: Path) -> str:
    """One line for each rule, the largest peak first. ``used`` is the largest peak as a share of the memory asked for.

    Raises :class:`NoData` when the run has no log of a finished job.
    """
    lines = {}
    for rule, own in jobs(run).groupby("rule"):
        peak, asked = own["peak_mb"].max(), own["asked_mb"].max()
        cells = [
            str(rule),
            f"{len(own)}",
            f"{peak:,.0f}",
            f"{asked:,.0f}",
            f"{peak / asked:.0%}" if asked else "",
            f"{own['seconds'].max():,.1f}",
            f"{own['seconds'].sum():,.0f}",
            f"{own['asked_min'].max():.0f}",
            f"{own['threads'].max():.0f}",
            f"{own['gpus'].max():.0f}",
        ]
        lines[rule] = (-peak, "| " + " | ".join(cells) + " |")
    head = ["| " + " | ".join(COLUMNS) + " |", "|---" + "|---:" * (len(COLUMNS) - 1) + "|"]
    return "\n".join([*head, *(line for _, line in sorted(lines.values()))])


if __name__ == "__main__":
    print_of_run(resources_table)
