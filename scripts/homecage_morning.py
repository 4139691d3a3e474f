"""homecage_morning: the page that is opened each morning, and a timeline for every cage."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write morning.html and timeline/<cage>.html."""
    from presage.config.pose import Recording
    from presage.config.report import Report
    from presage.homecage.events import read_events
    from presage.report.morning import write_morning
    from presage.report.run import Run

    settings = Report(**job.params.settings)
    events = read_events(job.input.events[0] if job.input.events else None, Recording(**job.params.recording).zone)
    write_morning(
        Run(job.params.run, events=events), job.output.page, job.output.timelines, settings, job.params.simulated
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
