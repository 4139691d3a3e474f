"""homecage_readings: features of all cages and readings of other sensors, one row for each cage-day."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Sum features and sensors up to cage-days, and find the urgent checks among the features."""
    from presage import tables
    from presage.config.distress import Features, Source
    from presage.config.pose import Recording, Sampling
    from presage.homecage.readings.cage_by_cage import joined, summarise
    from presage.homecage.readings.daily import to_daily
    from presage.homecage.readings.derived_events import derived_events
    from presage.homecage.readings.hourly import to_hourly
    from presage.homecage.readings.importers import UNDATED_LIGHTS, read_source
    from presage.homecage.readings.rhythm_days import rhythm_days
    from presage.homecage.recordings.zeitgeber import Lights, Schedule

    recording, features = Recording(**job.params.recording), Features(**job.params.features)
    lights = Lights.of(recording)
    found = summarise(
        zip(job.params.cages, job.input.features, strict=True),
        lights=lights,
        schedule=Schedule.of(recording, Sampling(**job.params.sampling)),
        features=features,
        urgent_hours=job.params.urgent_hours,
    )
    daily, hourly, sensors = [found.daily], [found.hourly], []
    for source in (Source(**source) for source in job.params.sources):
        if source.role == "study":
            rows = read_source(source, recording.zone)
            dated = lights if source.kind in ("readings", "table") else UNDATED_LIGHTS
            daily.append(to_daily(rows, lights=dated, source=source.name, min_coverage=features.min_coverage))
            daily.append(rhythm_days(rows, source.activity.split("_", 1)[1], lights=dated, source=source.name))
            sensors.append(rows)
            hourly.append(to_hourly(rows, lights=dated, source=source.name))
    for name, parts in (("daily", daily), ("hourly", hourly)):
        tables.write(getattr(job.output, name), name, joined(parts), job.provenance())
    events = derived_events(sensors, joined(daily), job.params.temperature_fall)
    tables.write(job.output.events, "events", events, job.provenance())
    tables.write(job.output.urgent, "urgent", found.urgent, job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
