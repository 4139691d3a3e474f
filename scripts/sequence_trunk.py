"""sequence_trunk: the bulk-trained network, trained here or brought in, in one format."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Write weights, card and training history (empty for a trunk that came trained)."""
    from presage import tables
    from presage.config.trunk import Trunk
    from presage.device import device
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.training.trunk_step import make_trunk

    settings = Trunk(**job.params.settings)
    data = TargetSet.open(job.input.targets, job.input.fasta) if settings.kind == "train" else None
    card = make_trunk(
        job.output.weights.parent,
        settings,
        job.params.seed,
        job.params.torch_threads,
        data,
        device(job.gpus),
        job.params.resume,
    )
    if not job.output.history.exists():
        tables.write(job.output.history, "history", tables.empty("history"))
    log.info("trunk %s, %d parameters", card["trunk_hash"], card["trunk_parameters"])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
