"""sequence_evaluate_variants: variant effects against what is known of them."""

from pathlib import Path

from presage.entry import Job, main


def run(job: Job) -> None:
    """Write the metrics of all sets, and the curves behind the variant figure."""
    import pandas as pd

    from presage import tables
    from presage.config.evaluate import Evaluate
    from presage.sequence.targets import TargetSet
    from presage.sequence.track_names import describe
    from presage.sequence.variants import planted

    settings = Evaluate(**job.params.settings)
    genes = tables.read(job.input.genes, "genes")
    tracks = describe(TargetSet.open(job.input.targets), job.input.tracks[0] if job.input.tracks else None)
    metrics = [tables.empty("metrics")]
    curves = planted.roc(tables.empty("scores"), tables.empty("truth_variants"))
    for path in job.input.scores if job.input.truth else ():
        scores = tables.read(path, "scores")
        truth = tables.read(Path(job.input.truth[0]) / "variants.parquet", "truth_variants")
        metrics.append(
            planted.evaluate_variants(
                scores,
                truth,
                tracks,
                genes,
                model=job.params.scorer,
                resamples=settings.bootstrap,
                bootstrap_seed=settings.seed,
            )
        )
        curves = planted.roc(scores, truth)
    filled = [part for part in metrics if len(part)] or metrics[:1]
    tables.write(job.output.metrics, "metrics", pd.concat(filled, ignore_index=True), job.provenance())
    curves.to_parquet(job.output.roc, index=False)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
