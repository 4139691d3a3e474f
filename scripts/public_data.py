"""public_data: one file or folder of the data registry, from the mirror or by download, checked by its SHA-256."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Obtain ``params.name``."""
    from presage.data_registry import obtain

    obtain(job.params.name, job.outputs[0])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
