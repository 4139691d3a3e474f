"""sequence_reference: FASTA and GTF to genome, genes and the windows that the trunk sees."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Prepare the reference for the trunk's window size."""
    from presage.config.adapt import Trunk
    from presage.config.reference import Reference
    from presage.sequence.regions import prepare_reference
    from presage.sequence.trunk.shape import shape_of

    shape = shape_of(Trunk(**job.params.trunk))
    given = {name: (job.input.get(name) or [None])[0] for name in ("gtf", "windows")}
    settings = Reference(**{**job.params.settings, "fasta": job.input.fasta[0], **given})
    prepare_reference(settings, shape.context, shape.crop * shape.bin_size, job.output.fasta.parent, job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
