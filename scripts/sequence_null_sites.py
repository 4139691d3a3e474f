"""sequence_null_sites: the alleles that p-values of a variant set are read against, from a file or drawn to match."""

import json
from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read the null set's file, or draw it from the genome."""
    from presage import tables
    from presage.sequence.genome import Genome
    from presage.sequence.variants import matched_null
    from presage.sequence.variants.part import read_variants
    from presage.sequence.variants.places import Places
    from presage.sequence.variants.sites import Sites, longest, write_sites, write_table

    windows, genes = tables.read(job.input.windows, "windows"), tables.read(job.input.genes, "genes")
    genome, places, out = Genome(job.input.fasta), Places(windows, genes), job.output.sites
    if job.input.null:
        name = Path(job.input.null[0]).name
        counts = write_sites(
            job.input.null[0],
            genome,
            places,
            out,
            None,
            max_length=longest(job.params.max_length, windows),
            max_mismatch=job.params.max_mismatch,
            without=Sites(job.input.sites),
            meta=job.provenance(null_name=name),
        )
        found = {"name": name, **counts.as_dict()}
    else:
        drawn = matched_null.draw_null(
            list(read_variants(job.input.sites)),
            genome,
            places,
            tables.read(job.input.blacklist, "blacklist"),
            each=job.params.each,
            most=job.params.most,
            apart=job.params.apart,
            seed=job.params.seed,
        )
        write_table(drawn.variants, places, out, job.provenance(null_name=matched_null.NAME))
        found = {"name": matched_null.NAME, **matched_null.report(drawn)}
    job.output.counts.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    log.info("null: %s", found)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
