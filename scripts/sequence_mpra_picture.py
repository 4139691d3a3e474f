"""sequence_mpra_picture: predicted against measured effects, as correlations with intervals and as a scatter."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Correlate and draw; runs no model."""
    from presage import tables
    from presage.config.ism import Mpra
    from presage.report.figures.mpra import scatter
    from presage.report.style import drawn
    from presage.sequence.mutagenesis.agreement import agreement

    settings = Mpra(**job.params.settings)
    effects = tables.read(job.input.effects, "mpra_effects")
    found = agreement(effects, settings)
    tables.write(job.output.table, "mpra", found, job.provenance())
    job.output.picture.write_bytes(drawn(scatter(effects, found, settings), "svg"))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
