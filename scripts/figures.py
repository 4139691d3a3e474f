"""figures: the figures of one branch, each with the numbers that were plotted."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Draw what the run's tables hold."""
    from presage.config.report import Report
    from presage.report.figures.draw import draw_figures
    from presage.report.run import Run

    events = None
    if job.input.get("events"):
        from presage.config.pose import Recording
        from presage.homecage.recordings.events import read_events

        events = read_events(job.input.events[0], Recording(**job.params.recording).zone)
    stems = sorted({path.stem for path in job.outputs})
    settings = Report(**job.params.settings)
    run = Run(job.params.run, events=events)
    reasons = draw_figures(run, job.outputs[0].parent, stems, settings, job.params.simulated)
    log.info("not drawn: %s", {stem: why for stem, why in reasons.items() if why})


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
