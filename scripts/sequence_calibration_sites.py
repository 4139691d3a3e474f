"""sequence_calibration_sites: alleles whose effects were measured, that intervals are made from."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read, check and place the measurements."""
    from presage.sequence.model.outputs import outputs_of
    from presage.sequence.variants.measured import write_measured
    from presage.sequence.variants.sites import open_study

    study = open_study(job.input.fasta, job.input.windows, job.input.genes, **job.params.settings)
    tracks = outputs_of(job.input.adapters).tracks
    out = {"sites": job.output.sites, "effects": job.output.effects, "dropped": job.output.dropped}
    counts = write_measured(job.input.measured[0], study, tracks, out, meta=job.provenance())
    log.info("%s: %s", job.input.measured[0], counts)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
