"""sequence_generalise_split: tracks pooled without a donor, tissue or condition, and of it alone."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Pool the parts again, twice."""
    from presage import tables
    from presage.config.pseudobulk import Pseudobulk
    from presage.config.trunk import Trunk
    from presage.sequence.generalise.split import pool_sides
    from presage.sequence.model.shape import shape_of
    from presage.sequence.reference.genome import Genome
    from presage.sheets import Sample
    from presage.study.hold_outs import HoldOut

    pool_sides(
        [Sample(**sample) for sample in job.params.samples],
        job.input.parts,
        Pseudobulk(**job.params.settings),
        Genome(job.input.fasta),
        tables.read(job.input.windows, "windows"),
        shape_of(Trunk(**job.params.trunk)).bin_size,
        HoldOut(**job.params.hold_out),
        job.output.kept.parent.parent,
        blacklist=tables.read(job.input.blacklist, "blacklist"),
        simulated=job.params.simulated,
        meta=job.provenance(),
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
