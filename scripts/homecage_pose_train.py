"""homecage_pose_train: a pose model from labelled frames, with its error on held-out frames; or a ready-made one."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Train, evaluate and calibrate; or fetch the checkpoints of an engine that comes trained."""
    import torch

    from presage.config.pose import Pose
    from presage.device import device
    from presage.homecage.pose.engines import superanimal
    from presage.homecage.pose.training import train

    settings = Pose(**job.params.settings)
    if settings.engine == "superanimal":
        superanimal.fetch(job.output.model)
        return
    torch.set_num_threads(job.params.torch_threads)
    device(job.gpus)
    card = train(job.input.project[0], job.output.model, settings, job.params.seed)
    log.info("pose model %s: %s", card["hash"], card["metrics"])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
