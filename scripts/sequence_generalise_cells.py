"""sequence_generalise_cells: the decoder for cells fitted without those that are held out."""

from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Fit to the kept cells, embed the others."""
    from presage import tables
    from presage.config.decoder import Cells
    from presage.config.pseudobulk import Reading
    from presage.device import device
    from presage.sequence.decoder.labelled_cells import labelled_cells
    from presage.sequence.generalise.decoder import decoder_without
    from presage.sequence.generalise.split import kept_side
    from presage.sequence.reference.genome import Genome
    from presage.sequence.targets.target_set import TargetSet
    from presage.sheets import Sample
    from presage.study.hold_outs import HoldOut

    out, settings = HoldOut(**job.params.hold_out), Cells(**job.params.settings)
    genes = tables.read(job.input.genes, "genes")
    targets = TargetSet.open(job.input.targets, job.input.fasta)
    found = labelled_cells(
        [Sample(**row) for row in job.params.samples],
        Reading(**job.params.reading),
        Genome(job.input.fasta),
        genes,
        min_umis=settings.min_umis,
        embedding=settings.embedding,
    )
    decoder_without(
        job.output.weights.parent,
        out,
        job.input.trunk,
        kept_side(targets, tables.read(job.input.tracks[0], "tracks"), out),
        genes,
        found,
        tables.read(job.input.cells, "cells"),
        settings,
        job.params.seed,
        adapter_dir=Path(job.input.adapter[0]).parent if job.input.adapter else None,
        threads=job.params.torch_threads,
        device=device(job.gpus),
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
