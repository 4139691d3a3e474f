"""homecage_segments: what the files of one cage-day really hold, counted by decoding them."""

import json
from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Probe every segment of the cage-day."""
    from presage import tables
    from presage.config.pose import Recording
    from presage.homecage.recordings.segments import cage_days, counts, probe_cage_day
    from presage.sheets import Segment, read_segments

    given = (job.config.get("homecage") or {}).get("recording") or {}
    strict = {"on_bad_segment": given["on_bad_segment"]} if "on_bad_segment" in given else {}
    settings = Recording(**job.params.recording, **strict)
    rows = [Segment(*row[:4]) for row in json.loads(job.params.manifest)]
    if not rows:  # the built-in world, which brings its sheet
        everything = read_segments(Path(job.input.recordings[0]), check_files=False)
        mine = [row for row in everything if row.cage == job.wildcards.cage]
        days = {str(day): placed for (_, day), placed in cage_days(mine, settings).items()}
        paths = {placed.path for placed in days.get(job.wildcards.date, [])}
        rows = [row for row in mine if row.path in paths]
    table = probe_cage_day(rows, settings) if rows else tables.empty("segments")
    tables.write(job.output.table, "segments", table, job.provenance(counts=counts(table)))
    log.info("segments: %s", counts(table))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
