"""sequence_ism_picture: a saturated region as a picture, its seqlets, and files for other programs; runs no model."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Call seqlets, name them by motifs, draw, and export."""
    import numpy as np

    from presage import tables
    from presage.config.ism import Ism
    from presage.report.figures.ism import Saturated, saturated
    from presage.report.style import drawn
    from presage.sequence.mutagenesis.export import arrays, write_bigwigs
    from presage.sequence.mutagenesis.meme import read_meme
    from presage.sequence.mutagenesis.seqlets import seqlets
    from presage.sequence.reference.genome import Genome

    settings, name = Ism(**job.params.settings), job.wildcards.region
    table = tables.read(job.input.table, "ism")
    motifs = read_meme(job.input.motifs[0]) if job.input.motifs else []
    found = seqlets(table, name, settings.seqlets, motifs)
    tables.write(job.output.seqlets, "seqlets", found, job.provenance())
    np.savez(job.output.arrays, **arrays(table))
    write_bigwigs(job.output.bigwigs, table, Genome(job.input.fasta).lengths)
    truth = tables.read(f"{job.input.truth[0]}/motifs.parquet", "truth_motifs") if job.input.truth else None
    coverage = tables.read(job.input.coverage, "ism_coverage")
    change = tables.read_meta(job.input.coverage)["change"]
    region = Saturated(name, table, found, coverage, change, truth)
    job.output.picture.write_bytes(drawn(saturated(region, settings.picture, job.params.simulated), "svg"))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
