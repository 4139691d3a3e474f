"""homecage_quality: how good each cage-day's recording and pose were, and which cameras need a look."""

import datetime as dt
import sys
from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """One row for each cage-day; a line at the end of the run where a camera is at fault."""
    from presage import tables
    from presage.config.pose import Faults
    from presage.homecage.pose import day_quality

    days = [
        {"cage": Path(path).parent.name, "date": dt.date.fromisoformat(Path(path).stem)}
        | tables.read_meta(path)["quality"]
        for path in job.input.features
    ]
    table = day_quality.table(days, tables.read(job.input.segments, "segments"), Faults(**job.params.settings))
    faults = table[table["camera_fault"]]
    for row in faults.to_dict("records"):
        log.warning("%s %s: %s", row["cage"], row["date"], row["reason"])
    if len(faults):
        cages = ", ".join(sorted(faults["cage"].unique()))
        print(f"warning: {len(faults)} of {len(table)} cage-days have camera faults ({cages})", file=sys.stderr)
    tables.write(job.output.table, "quality", table, job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
