"""figures: the figures of one branch, each with the numbers that were plotted."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Draw what the run's tables hold."""
    from presage.config.report import Report
    from presage.report.figures import draw_figures
    from presage.report.run import Run

    stems = sorted({path.stem for path in job.outputs})
    reasons = draw_figures(
        Run(job.params.run), job.outputs[0].parent, stems, Report(**job.params.settings), job.params.simulated
    )
    log.info("not drawn: %s", {stem: why for stem, why in reasons.items() if why})


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
