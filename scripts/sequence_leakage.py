"""sequence_leakage: windows, genes and variants against the folds that the trunk was trained with."""

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write the audit."""
    import pandas as pd

    from presage import tables
    from presage.sequence.evaluation.leakage import audit
    from presage.sequence.targets import TargetSet

    genes = tables.read(job.input.genes, "genes")
    scored = [part for path in job.input.scores if len(part := tables.read(path, "scores"))]
    leakage = audit(
        TargetSet.open(job.input.windows).windows, genes if len(genes) else None, pd.concat(scored) if scored else None
    )
    tables.write(job.output.leakage, "leakage", leakage, job.provenance())


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
