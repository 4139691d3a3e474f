"""sequence_variants: what each variant of a set does to each track, from the shares of its jobs."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Gather the parts; p-values from the null's, intervals from those of the calibration set."""
    from presage import tables
    from presage.config.variants import Variants
    from presage.sequence.model.outputs import outputs_of
    from presage.sequence.reference.genome import Genome
    from presage.sequence.variants.gather import gather, read_conformal, read_nulls

    settings = Variants(**job.params.settings)
    meta = job.provenance(settings=job.params.settings, **tables.read_meta(job.input.sites)["sites"])
    nulls, conformal = {}, None
    if job.input.null:
        nulls = read_nulls(job.input.null[0], job.input.null_parts)
        meta["null_name"] = tables.read_meta(job.input.null[0])["null_name"]
    if job.input.calibration:
        conformal = read_conformal(job.input.measured[0], job.input.calibration_parts, settings.level, job.params.seed)
        meta["calibration"] = {"level": conformal.level, "measurements": dict(conformal.number)}
    scored = gather(
        job.input.sites,
        [{"effects": effects, "genes": genes} for effects, genes in zip(job.input.effects, job.input.gene_effects)],
        outputs_of(job.input.adapters).tracks,
        tables.read(job.input.genes, "genes"),
        Genome(job.input.fasta).lengths,
        {"scores": job.output.scores, "genes": job.output.gene_scores, "vcf": job.output.vcf},
        nulls=nulls,
        conformal=conformal,
        seed=job.params.seed,
        code_hash=job.params.code,
        meta=meta,
    )
    log.info("%d alleles scored; null: %s", scored, meta.get("null_name", "none"))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
