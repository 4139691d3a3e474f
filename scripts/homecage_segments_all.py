"""homecage_segments_all: the segments of all cage-days in one table."""

import sys

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Stack the daily tables, and say what became of the files."""
    import pyarrow as pa

    from presage import tables
    from presage.homecage.recordings.segments import counts

    whole = pa.concat_tables([tables.read_arrow(path, "segments") for path in job.input.days])
    fates, stray = counts(whole.to_pandas()), list(job.params.unmatched)
    for path in stray:
        log.warning("%s does not fit the pattern of homecage.segments: not used", path)
    log.info("files: %s", fates)
    lost = sum(n for fate, n in fates.items() if fate != "usable") + len(stray)
    if lost:
        where = f"{job.output.table.name} says why; names that do not fit the pattern: {len(stray)}"
        print(
            f"warning: {lost} of {sum(fates.values()) + len(stray)} recordings are not used ({where})", file=sys.stderr
        )
    tables.write(job.output.table, "segments", whole, job.provenance(counts=fates, unmatched=stray))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
