"""sequence_variants: what each variant of a VCF does to each track, with every dropped record counted."""

from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Score with all seeds of one adapter."""
    import torch

    from presage import tables
    from presage.config.variants import Variants
    from presage.sequence.device import device
    from presage.sequence.genome import Genome
    from presage.sequence.loading import load_model
    from presage.sequence.targets import TargetSet
    from presage.sequence.track_names import describe
    from presage.sequence.variants.step import score_set

    torch.set_num_threads(job.params.torch_threads)
    on = device(job.gpus)
    models = [load_model(job.input.trunk, Path(adapter).parent, on) for adapter in job.input.adapters]
    counts = score_set(
        job.input.vcf,
        job.input.null[0] if job.input.null else None,
        models,
        Genome(job.input.fasta),
        describe(TargetSet.open(job.input.targets), job.input.tracks[0] if job.input.tracks else None),
        tables.read(job.input.windows, "windows"),
        tables.read(job.input.genes, "genes"),
        Variants(**job.params.settings),
        {"scores": job.output.scores, "dropped": job.output.dropped, "vcf": job.output.vcf},
        seed=job.params.seed,
        code_hash=job.params.code,
        meta=job.provenance(),
    )
    log.info("variants: %s", counts)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
