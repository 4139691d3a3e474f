"""record: all that is needed to make the run again, and the hash of every file that it left."""

import json

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write record.json."""
    from presage.record import describe

    record = describe(job.params.run, job.params.config, job.params.given)
    job.output.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
