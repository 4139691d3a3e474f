"""sequence_cells: the decoder from a cell's embedding to its tracks, fitted on the frozen trunk."""

from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Count and embed the cells, fit on train windows and genes, judge held-out cells on test genes."""
    from presage import tables
    from presage.config.decoder import Cells
    from presage.config.pseudobulk import Reading
    from presage.device import device
    from presage.sequence.decoder.labelled_cells import labelled_cells
    from presage.sequence.decoder.step import cells
    from presage.sequence.reference.genome import Genome
    from presage.sequence.targets.target_set import TargetSet
    from presage.sheets import Sample

    settings, genes = Cells(**job.params.settings), tables.read(job.input.genes, "genes")
    rivals = {Path(path).parent.parent.name: Path(path).parent for path in job.input.adapters}
    found = labelled_cells(
        [Sample(**row) for row in job.params.samples],
        Reading(**job.params.reading),
        Genome(job.input.fasta),
        genes,
        min_umis=settings.min_umis,
        embedding=settings.embedding,
    )
    log.info("%d cells; left out: %s", len(found.cells), found.left_out)
    cells(
        job.output.weights.parent,
        job.input.trunk,
        TargetSet.open(job.input.targets, job.input.fasta),
        tables.read(job.input.tracks, "tracks"),
        genes,
        found,
        settings,
        job.params.seed,
        adapter_dir=rivals.get(settings.adapter or ""),
        rivals=rivals,
        threads=job.params.torch_threads,
        device=device(job.gpus),
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
