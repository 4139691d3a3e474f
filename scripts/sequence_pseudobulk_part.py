"""sequence_pseudobulk_part: the reads of one sample, or a part of them, to depth, genes and cells."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read, collapse molecules, and count what was left out."""
    from presage import tables
    from presage.config.pseudobulk import Reading
    from presage.sequence.pseudobulk.aggregate import read_sample
    from presage.sequence.reference.genome import Genome
    from presage.sheets import Sample

    part = read_sample(
        Sample(**job.params.sample),
        Reading(**job.params.settings),
        Genome(job.input.fasta),
        tables.read(job.input.genes, "genes"),
        job.outputs[0],
        number=job.params.number,
        of=job.params.of,
        seed=job.params.seed,
    )
    log.info("fates: %s", part.facts["fate"])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
