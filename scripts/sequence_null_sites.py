"""sequence_null_sites: variants without effect, that p-values are read against: given, or drawn from the genome."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read the null set as the set itself is read, or draw one that matches it."""
    from presage import tables
    from presage.config.variants import MatchedNull
    from presage.sequence.variants.null import write_matched
    from presage.sequence.variants.sites import open_study, write_sites

    study = open_study(job.input.fasta, job.input.windows, job.input.genes, **job.params.settings)
    if job.input.null:
        out = {"sites": job.output.sites, "dropped": job.output.dropped}
        meta = job.provenance(null_name=job.params.name)
        counts = write_sites(job.input.null[0], study, out, known=job.input.sites, meta=meta)
        log.info("%s: %s", job.params.name, counts)
        return
    beside = (tables.read(job.input[name], name) for name in ("windows", "genes", "blacklist"))
    settings, meta = MatchedNull(**job.params.matched), job.provenance(settings=job.params.matched)
    counts = write_matched(job.input.sites, study, *beside, settings, job.output.sites, seed=job.params.seed, meta=meta)
    tables.write(job.output.dropped, "dropped", tables.empty("dropped"), job.provenance())
    log.info("drawn: %s", counts)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
