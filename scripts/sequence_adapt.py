"""sequence_adapt: one adapter and its head, fitted inside the frozen trunk with one seed."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Fit on train windows, choose on valid ones."""
    from presage.config.adapt import Adapt
    from presage.device import device
    from presage.sequence.adapters.step import adapt
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.targets.track_names import describe

    settings = Adapt(**job.params.settings)
    targets = TargetSet.open(job.input.targets, job.input.fasta)
    adapt(
        job.output.weights.parent,
        job.input.trunk,
        targets,
        settings.runs[0],
        settings,
        job.params.seed,
        job.params.torch_threads,
        device(job.gpus),
        resume_root=job.params.resume,
        processes=max(1, job.gpus),
        embeddings=job.input.embeddings[0] if job.input.embeddings else None,
        tracks=describe(targets, job.input.tracks[0] if job.input.tracks else None),
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
