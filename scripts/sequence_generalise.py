"""sequence_generalise: all hold-outs in one table."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Stack the parts; a study without hold-outs has an empty table."""
    import pandas as pd

    from presage import tables

    parts = [tables.read(path, "generalise") for path in job.input.parts] or [tables.empty("generalise")]
    tables.write(job.output.table, "generalise", pd.concat(parts, ignore_index=True), job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
