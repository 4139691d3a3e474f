"""cost: print what the sequence branch will take in time, memory and disk."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """To the terminal, and to the log."""
    from presage.config.root import Config
    from presage.sequence.cost.estimate import estimate

    text = estimate(Config.model_validate(job.params.config))
    log.info("%s", text)
    print(text, flush=True)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
