"""sequence_ism: every single-base change of a region, per track, as a table and a picture."""

from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Saturate one region with all seeds of one adapter."""
    import torch

    from presage import tables
    from presage.config.variants import Ism
    from presage.sequence.device import device
    from presage.sequence.genome import Genome
    from presage.sequence.loading import load_model
    from presage.sequence.mutagenesis.saturate import draw, saturate
    from presage.sequence.targets import TargetSet
    from presage.sequence.track_names import describe
    from presage.sequence.variants.scorer import Scorer

    torch.set_num_threads(job.params.torch_threads)
    settings = Ism(**job.params.settings)
    region = settings.regions[job.wildcards.region]
    on = device(job.gpus)
    models = [load_model(job.input.trunk, Path(adapter).parent, on) for adapter in job.input.adapters]
    scorer = Scorer(models, Genome(job.input.fasta), settings.rc, settings.pseudocount)
    tracks = describe(TargetSet.open(job.input.targets), job.input.tracks[0] if job.input.tracks else None)
    table = saturate(scorer, region.chrom, region.start, region.end, tracks, settings.batch_size)
    tables.write(job.output.table, "ism", table, job.provenance())
    draw(table, job.output.picture)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
