"""homecage_features: from body parts to behaviour, minute by minute, and how good the cage-day's pose was."""

import datetime as dt

from presage.entry import Job, main


def run(job: Job) -> None:
    """Features of one cage-day."""
    import numpy as np

    from presage import tables
    from presage.config.distress import Features
    from presage.config.pose import Filters, Recording, Sampling
    from presage.homecage.features.minutes import coverage_of, features_cage_day
    from presage.homecage.pose import day_quality
    from presage.homecage.pose.identity import identity
    from presage.homecage.pose.quality import load
    from presage.homecage.recordings.zeitgeber import Lights, Schedule

    recording, settings = Recording(**job.params.recording), Features(**job.params.settings)
    pose = load(job.input.pose, Filters(**job.params.filters))
    spans = [span for span in tables.read_meta(job.input.pose)["segment_span_px"].values() if span is not None]
    who = identity(pose, float(np.median(spans)) if spans else np.nan)
    readings, facts = features_cage_day(
        pose,
        cage=job.wildcards.cage,
        date=dt.date.fromisoformat(job.wildcards.date),
        lights=Lights.of(recording),
        schedule=Schedule.of(recording, Sampling(**job.params.sampling)),
        settings=settings,
        each_animal=settings.readings_of == "animal" and who.safe(settings.min_identity),
    )
    quality = day_quality.of_pose(pose, who, facts["body_length_px"], coverage_of(readings))
    meta = job.provenance(**facts, quality=quality, history=pose.history)
    tables.write(job.output.table, "readings", readings, meta)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
