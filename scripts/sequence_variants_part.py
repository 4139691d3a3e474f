"""sequence_variants_part: the raw effects of one job's share of a set's sites."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Score with all seeds of the scoring adapters."""
    import pyarrow.parquet as pq
    import torch

    from presage import tables
    from presage.config.variants import Variants
    from presage.device import device
    from presage.sequence.variants.batch import fitting_batch
    from presage.sequence.variants.part import NearGenes, score_share, share
    from presage.sequence.variants.setup import load_scoring

    torch.set_num_threads(job.params.torch_threads)
    settings = Variants(**job.params.settings)
    scoring = load_scoring(job.input.trunk, job.input.adapters, job.input.fasta, settings, device(job.gpus))
    batch = settings.batch_size or fitting_batch(scoring.scorer.models[0])
    scored = score_share(
        job.input.sites,
        share(pq.read_metadata(job.input.sites).num_rows, int(job.params.number), int(job.params.of)),
        scoring.scorer,
        scoring.tracks,
        NearGenes(tables.read(job.input.genes, "genes"), settings.gene_reach) if settings.genes else None,
        {"effects": job.output.effects, "genes": job.output.genes},
        batch_size=batch,
        meta=job.provenance(**scoring.hashes),
    )
    log.info("%s: %d alleles scored, %d sequences in a pass", job.input.sites, scored, batch)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
