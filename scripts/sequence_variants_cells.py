"""sequence_variants_cells: what each variant of a set does in single cells."""

from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Score with the cell-conditioned decoder, in cells drawn evenly over types."""
    import torch

    from presage import tables
    from presage.config.variants import Variants
    from presage.device import device
    from presage.sequence.decoder.files import load_cells
    from presage.sequence.reference.genome import Genome
    from presage.sequence.variants.batch import fitting_batch
    from presage.sequence.variants.cells import choose_cells, score_cells

    torch.set_num_threads(job.params.torch_threads)
    settings, on = Variants(**job.params.settings), device(job.gpus)
    adapter = Path(job.input.adapters[0]).parent if job.input.adapters else None
    found = load_cells(Path(job.input.decoder).parent, job.input.trunk, adapter)
    found = found._replace(base=found.base.to(on), decoder=found.decoder.to(on))
    cells = choose_cells(tables.read(job.input.embeddings, "cell_embeddings"), settings.cells, job.params.seed)
    scored = score_cells(
        job.input.sites,
        found,
        cells,
        Genome(job.input.fasta),
        settings,
        job.output.scores,
        batch_size=settings.batch_size or fitting_batch(found.base),
        seed=job.params.seed,
        code_hash=job.params.code,
        meta=job.provenance(cells=len(cells)),
    )
    log.info("%d alleles in %d cells", scored, len(cells))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
