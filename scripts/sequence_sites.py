"""sequence_sites: which alleles of a set are scored, in genome order, and which are not, and why."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read, check, normalise and place the alleles."""
    from presage.sequence.variants.sites import open_study, write_sites

    study = open_study(job.input.fasta, job.input.windows, job.input.genes, **job.params.settings)
    out = {"sites": job.output.sites, "dropped": job.output.dropped}
    log.info("%s: %s", job.input.variants, write_sites(job.input.variants, study, out, meta=job.provenance()))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
