"""homecage_features: from body parts to behaviour, minute by minute."""

import datetime as dt

from presage.entry import Job, main


def run(job: Job) -> None:
    """Features of one cage-day."""
    from presage import tables
    from presage.config.distress import Features
    from presage.config.pose import Recording, Sampling
    from presage.homecage.features import features_cage_day
    from presage.homecage.pose.quality import load
    from presage.homecage.zeitgeber import Lights, Schedule

    recording, settings = Recording(**job.params.recording), Features(**job.params.settings)
    readings, facts = features_cage_day(
        load(job.input.pose),
        cage=job.wildcards.cage,
        date=dt.date.fromisoformat(job.wildcards.date),
        lights=Lights.of(recording),
        schedule=Schedule.of(recording, Sampling(**job.params.sampling)),
        settings=settings,
    )
    tables.write(job.output.table, "readings", readings, job.provenance(**facts))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
