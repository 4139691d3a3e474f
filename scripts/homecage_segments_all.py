"""homecage_segments_all: the segments of all cage-days in one table."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Stack the daily tables."""
    import pyarrow as pa

    from presage import tables

    days = [tables.read_arrow(path, "segments") for path in job.input.days]
    tables.write(job.output.table, "segments", pa.concat_tables(days), job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
