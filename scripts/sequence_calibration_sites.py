"""sequence_calibration_sites: variants whose effects were measured, for intervals around those that were not."""

import json

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Read the table twice: its alleles, then what was measured of them."""
    from presage import tables
    from presage.sequence.genome import Genome
    from presage.sequence.targets import TargetSet
    from presage.sequence.track_names import describe
    from presage.sequence.variants.measured import read_measured
    from presage.sequence.variants.places import Places
    from presage.sequence.variants.sites import longest, write_sites

    windows, genes = tables.read(job.input.windows, "windows"), tables.read(job.input.genes, "genes")
    genome, table, limit = Genome(job.input.fasta), job.input.measured, longest(job.params.max_length, windows)
    counts = write_sites(
        table,
        genome,
        Places(windows, genes),
        job.output.sites,
        None,
        max_length=limit,
        max_mismatch=job.params.max_mismatch,
        meta=job.provenance(),
    )
    tracks = describe(TargetSet.open(job.input.targets), job.input.tracks[0] if job.input.tracks else None)
    found = read_measured(table, tables.read(job.output.sites, "sites"), tracks, genome, limit)
    tables.write(job.output.effects, "calibration_effects", found.effects, job.provenance())
    summary = {"alleles": counts.as_dict(), "measurements": len(found.effects), "left_out": found.left_out}
    job.output.counts.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    log.info("calibration: %s", summary)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
