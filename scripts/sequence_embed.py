"""sequence_embed: the frozen trunk's output for every window, which all fits behind it share."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Pass every window through the frozen layers once."""
    from presage.config.adapt import Adapt
    from presage.device import device
    from presage.sequence.targets.target_set import TargetSet
    from presage.sequence.training.embed_step import embed

    embed(
        job.output.embeddings,
        job.input.trunk,
        TargetSet.open(job.input.targets, job.input.fasta),
        Adapt(**job.params.settings),
        job.wildcards.stage,
        job.params.torch_threads,
        device(job.gpus),
        job.params.resume,
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
