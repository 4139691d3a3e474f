"""sequence_bulk: coverage of bulk tissues over the windows, on which a trunk is trained."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Sum the bulk bigWigs over the bins of every window."""
    from dataclasses import replace
    from pathlib import Path

    from presage import tables
    from presage.config.trunk import TrunkShape
    from presage.sequence.pseudobulk.bulk import bulk_targets
    from presage.sequence.reference.genome import Genome
    from presage.sheets import read_bulk
    from presage.study.paths import located

    bulk_targets(
        [replace(row, path=located(row.path)) for row in read_bulk(Path(job.params.sheet))],
        tables.read(job.input.windows, "windows"),
        TrunkShape(**job.params.shape).bin_size,
        Genome(job.input.fasta),
        job.output.targets,
        simulated=job.params.simulated,
    )


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
