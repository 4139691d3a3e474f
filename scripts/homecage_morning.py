"""homecage_morning: the page that is opened each morning, and a timeline for every cage."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write morning.html and timeline/<cage>.html."""
    from pathlib import Path

    from presage.config.pose import Recording
    from presage.config.report import Report
    from presage.homecage.recordings.events import read_events
    from presage.homecage.recordings.zeitgeber import Lights
    from presage.report.cages.morning import write_morning
    from presage.report.run import Run
    from presage.sheets import read_cages

    settings, recording = Report(**job.params.settings), Recording(**job.params.recording)
    events = read_events(job.input.events[0] if job.input.events else None, recording.zone)
    cages = [cage for path in job.input.cages for cage in read_cages(Path(path))]
    write_morning(
        Run(job.params.run, events=events),
        job.output.page,
        job.output.timelines,
        settings,
        job.params.simulated,
        Lights.of(recording).hours,
        cages=[cage.cage for cage in cages],
        calibrating={cage.cage for cage in cages if cage.role == "calibrate"},
        zone=recording.zone,
        lights_on=recording.lights_on_time,
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
