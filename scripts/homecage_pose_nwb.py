"""homecage_pose_nwb: one cage-day's pose as a Neurodata Without Borders file, for other tools."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Every frame as it was posed, before any filter."""
    import numpy as np

    from presage import tables
    from presage.homecage.pose.quality import load
    from presage.homecage.pose_files.nwb import write_nwb

    day, meta = load(job.input.pose), tables.read_meta(job.input.pose)
    animals, parts = tuple(meta["animals"]), tuple(meta["bodyparts"])
    shape = (-1, len(animals), len(parts))
    write_nwb(
        job.output.file,
        time_utc=day.time_utc.reshape(shape[:2])[:, 0] if animals else day.time_utc,
        xy=np.asarray(day.xy).reshape(*shape, 2),
        likelihood=np.asarray(day.likelihood).reshape(shape),
        animals=animals,
        bodyparts=parts,
        about={
            "identifier": f"{job.wildcards.cage} {job.wildcards.date}",
            "description": f"cage {job.wildcards.cage}, cage-day {job.wildcards.date}"
            + (" (simulated)" if job.params.simulated else ""),
            "scorer": ", ".join(meta["sources"]) or "none",
            "software": "presage",
        },
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
