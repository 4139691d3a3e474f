"""homecage_readings: features of all cages and readings of other sensors, one row for each cage-day."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Sum features and sensors up to cage-days, and find the urgent checks among the features."""
    import pandas as pd

    from presage import tables
    from presage.config.distress import Features, Source
    from presage.config.pose import Recording, Sampling
    from presage.homecage import readings
    from presage.homecage.alarms import urgent_checks
    from presage.homecage.rhythm_days import rhythm_days
    from presage.homecage.zeitgeber import Lights, Schedule

    recording, features = Recording(**job.params.recording), Features(**job.params.features)
    lights, parts, urgent = Lights.of(recording), [tables.empty("daily")], []
    schedule = Schedule.of(recording, Sampling(**job.params.sampling))
    by_sampling: dict[str, list[pd.DataFrame]] = {}
    for path in job.input.features:
        by_sampling.setdefault(tables.read_meta(path)["sampling"], []).append(tables.read(path, "readings"))
    for sampling, days in by_sampling.items():
        rows = pd.concat(days, ignore_index=True)
        urgent.append(urgent_checks(rows, lights, job.params.urgent_hours))
        daily = readings.to_daily(
            rows,
            lights=lights,
            schedule=schedule,
            sampling=sampling,
            source="video",
            min_coverage=features.min_coverage,
        )
        about = {"lights": lights, "sampling": sampling, "source": "video", "schedule": schedule}
        parts += [daily, rhythm_days(rows[rows["animal"].isna()], "distance", **about)]
    for source in (Source(**source) for source in job.params.sources):
        if source.role == "study":
            rows = readings.read_source(source, recording.zone)
            dated = lights if source.kind in ("readings", "table") else readings.UNDATED_LIGHTS
            parts.append(readings.to_daily(rows, lights=dated, source=source.name, min_coverage=features.min_coverage))
            parts.append(rhythm_days(rows, source.activity.split("_", 1)[1], lights=dated, source=source.name))
    daily = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    checks = pd.concat(urgent, ignore_index=True) if urgent else urgent_checks(tables.empty("readings"), lights, 1.0)
    tables.write(job.output.daily, "daily", daily, job.provenance())
    tables.write(job.output.urgent, "urgent", checks, job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
