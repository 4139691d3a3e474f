"""sequence_generalise_adapt: an adapter fitted without what is held out."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Fit to the tracks that are kept."""
    from presage.config.adapt import Adapt
    from presage.device import device
    from presage.sequence.adapters.step import adapt
    from presage.sequence.generalise.split import sides
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.targets.track_names import describe
    from presage.study.hold_outs import HoldOut

    out, settings = HoldOut(**job.params.hold_out), Adapt(**job.params.settings)
    targets = TargetSet.open(job.input.targets, job.input.fasta)
    tracks = describe(targets, job.input.tracks[0] if job.input.tracks else None)
    if not out.pools_again:
        kept, _ = sides(targets.select(settings.tracks), tracks, out)
        settings = settings.model_copy(update={"tracks": tuple(kept)})
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
        tracks=tracks,
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
