"""homecage_morning: the page that is opened each morning, and a timeline for every cage."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write morning.html and timeline/<cage>.html."""
    from presage.config.report import Report
    from presage.report.morning import write_morning
    from presage.report.run import Run

    settings = Report(**job.params.settings)
    write_morning(Run(job.params.run), job.output.page, job.output.timelines, settings, job.params.simulated)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
