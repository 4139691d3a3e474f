"""homecage_clip: a short film of one stretch of a cage-day with its pose drawn in."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Every analysed frame of the stretch."""
    import pandas as pd

    from presage import tables
    from presage.config.distress import Features
    from presage.config.pose import Filters
    from presage.homecage.pose.clip import write_clip
    from presage.homecage.pose.quality import load

    settings, filters = Features(**job.params.features), Filters(**job.params.filters)
    day = load(job.input.pose, filters)
    limbs = [limb for limb in (settings.length_parts, *filters.limbs) if set(limb) <= set(day.bodyparts)]
    start = pd.to_datetime(job.wildcards.start, format="%Y%m%dT%H%M%SZ", utc=True)
    write_clip(
        job.output.film, tables.read(job.input.segments, "segments"), day, start, float(job.wildcards.seconds), limbs
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
