"""sequence_sites: the alleles of a variant set that are scored, and those that are not with the reason."""

import json

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read, check and sort."""
    from presage import tables
    from presage.sequence.genome import Genome
    from presage.sequence.variants.places import Places
    from presage.sequence.variants.sites import longest, write_sites

    windows, genes = tables.read(job.input.windows, "windows"), tables.read(job.input.genes, "genes")
    counts = write_sites(
        job.input.variants,
        Genome(job.input.fasta),
        Places(windows, genes),
        job.output.sites,
        job.output.dropped,
        max_length=longest(job.params.max_length, windows),
        max_mismatch=job.params.max_mismatch,
        meta=job.provenance(),
    )
    job.output.counts.write_text(json.dumps(counts.as_dict(), indent=1) + "\n", encoding="utf-8")
    log.info("alleles: %s", counts.as_dict())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
