"""homecage_pose: body parts of one cage-day, by the pose model from video and by import from finished files."""

import datetime as dt

from presage.entry import Job, main


def run(job: Job) -> None:
    """One process, one model load, every segment. A cage-day of finished pose never imports torch."""
    from presage import tables
    from presage.config.pose import Pose
    from presage.homecage.pose.cage_day import pose_cage_day
    from presage.homecage.recordings.zeitgeber import Lights

    if job.input.model:
        import torch

        from presage.device import device

        torch.set_num_threads(job.params.torch_threads)
        device(job.gpus)
    pose_cage_day(
        tables.read(job.input.segments, "segments"),
        job.input.model[0] if job.input.model else None,
        Pose(**job.params.settings),
        job.output.table,
        job.provenance(),
        Lights(*job.params.clock).utc(dt.date.fromisoformat(job.wildcards.date)),
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
