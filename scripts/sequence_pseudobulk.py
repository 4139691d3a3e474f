"""sequence_pseudobulk: the parts of all samples pooled to one track per cell type, assay and strand."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Add the parts up and write what a model trains on."""
    from presage import tables
    from presage.config.pseudobulk import Pseudobulk
    from presage.config.trunk import Trunk
    from presage.sequence.model.shape import shape_of
    from presage.sequence.pseudobulk.aggregate import gather
    from presage.sequence.reference.genome import Genome
    from presage.sheets import Sample

    qc = gather(
        [Sample(**sample) for sample in job.params.samples],
        job.input.parts,
        Pseudobulk(**job.params.settings),
        Genome(job.input.fasta),
        tables.read(job.input.genes, "genes"),
        tables.read(job.input.windows, "windows"),
        shape_of(Trunk(**job.params.trunk)).bin_size,
        job.output.cells.parent,
        blacklist=tables.read(job.input.blacklist, "blacklist"),
        simulated=job.params.simulated,
        meta=job.provenance(),
    )
    log.info("samples: %s\nwindows: %s", {name: one.get("reads") for name, one in qc["samples"].items()}, qc["windows"])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
