"""homecage_pose_train: a DeepLabCut model from labelled frames, with its error on frames that were held out."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Train, evaluate and calibrate."""
    import torch

    from presage.config.pose import Pose
    from presage.homecage.pose.deeplabcut import train

    torch.set_num_threads(job.params.torch_threads)
    card = train(job.input.project[0], job.output.model, Pose(**job.params.settings), job.params.seed)
    log.info("pose model %s: %s", card["hash"], card["metrics"])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
