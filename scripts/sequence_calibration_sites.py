"""sequence_calibration_sites: alleles whose effects were measured, that intervals are made from."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read, check and place the measurements."""
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.targets.track_names import describe
    from presage.sequence.variants.measured import write_measured
    from presage.sequence.variants.sites import open_study

    study = open_study(job.input.fasta, job.input.windows, job.input.genes, **job.params.settings)
    fitted = TargetSet.open(job.input.targets).select(job.params.adapted)
    tracks = describe(fitted, job.input.tracks[0] if job.input.tracks else None)
    out = {"sites": job.output.sites, "effects": job.output.effects, "dropped": job.output.dropped}
    tracks = tracks[tracks["slug"].isin(fitted.tracks)]
    counts = write_measured(job.input.measured[0], study, tracks, out, meta=job.provenance())
    log.info("%s: %s", job.input.measured[0], counts)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
