"""index_bam: the .bai of a public BAM file, which comes without one."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Index ``input[0]``."""
    import pysam

    pysam.index("-o", str(job.outputs[0]), job.input[0])


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
