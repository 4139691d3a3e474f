"""sequence_tfrecords: a baskerville TFRecord set as the windows, sequences and targets that adapters are fitted to."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Read the set once and write it as ``targets.zarr``."""
    from presage.sequence.targets.tfrecords import import_baskerville

    import_baskerville(job.input.folder[0], job.output.targets)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
