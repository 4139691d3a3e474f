"""sequence_leakage: all that is predicted against the folds that the trunk was trained with."""

from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write the audit."""
    import pandas as pd

    from presage import tables
    from presage.sequence.reference.leakage import audit, spans
    from presage.sequence.reference.windows import trunk_windows
    from presage.sequence.targets.target_set import TargetSet

    path, genes = Path(job.input.windows), tables.read(job.input.genes, "genes")
    windows = TargetSet.open(path).windows if path.is_dir() else tables.read(path, "windows")
    scored = [part for path in job.input.scores if len(part := tables.read(path, "scores"))]
    ism = [tables.read(path, "ism").assign(item=Path(path).stem) for path in job.input.regions]
    mpra = [tables.read(path, "mpra_effects") for path in job.input.elements]
    trunk = None
    for path in job.input.trunk_windows:
        margin = int((windows["out_start"] - windows["start"]).iloc[0])
        trunk = trunk_windows(path, list(dict.fromkeys(windows["chrom"])), margin, *job.params.held_folds)
    leakage = audit(
        windows,
        genes if len(genes) else None,
        pd.concat(scored) if scored else None,
        spans(pd.concat(ism), "item") if ism else None,
        spans(pd.concat(mpra), "element") if mpra else None,
        trunk=trunk,
        known=job.params.known,
    )
    tables.write(job.output.leakage, "leakage", leakage, job.provenance(folds_known=job.params.known))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
