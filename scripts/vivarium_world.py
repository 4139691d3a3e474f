"""vivarium_world: the built-in simulated home cages, with true onsets beside them."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Build the world into the staging folder, which mirrors the world's own."""
    from presage.config.vivarium import Vivarium
    from presage.worlds.vivarium import build

    build(Vivarium(**job.params.settings), job.params.seed, job.folder)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
