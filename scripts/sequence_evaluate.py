"""sequence_evaluate: all metrics of the sequence branch in one table."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Stack the parts."""
    import pandas as pd

    from presage import tables

    parts = [tables.read(path, "metrics") for path in job.input.parts]
    filled = [part for part in parts if len(part)] or parts[:1]
    tables.write(job.output.metrics, "metrics", pd.concat(filled, ignore_index=True), job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
