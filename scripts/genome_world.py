"""genome_world: the built-in simulated genome, its reads and variants, with the planted truth beside them."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Build the world into the staging folder, which mirrors the world's own."""
    from presage.config.genome_world import GenomeWorld
    from presage.worlds.genome_world import build

    build(GenomeWorld(**job.params.settings), job.params.seed, job.folder)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
