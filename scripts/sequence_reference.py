"""sequence_reference: FASTA and GTF to genome, genes and the windows that the trunk sees."""

from presage.entry import Job, main

_OPTIONAL = {"gtf": None, "windows": None, "blacklist": ""}  # inputs that not every study has, and what stands for none


def run(job: Job) -> None:
    """Prepare the reference for the trunk's window size."""
    from presage.config.reference import Reference
    from presage.config.trunk import Trunk
    from presage.sequence.model.shape import shape_of
    from presage.sequence.reference.step import prepare_reference

    shape = shape_of(Trunk(**job.params.trunk))
    given = {name: (job.input.get(name) or [none])[0] for name, none in _OPTIONAL.items()}
    settings = Reference(**{**job.params.settings, "fasta": job.input.fasta[0], **given})
    prepare_reference(settings, shape.context, shape.crop * shape.bin_size, job.output.fasta.parent, job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
