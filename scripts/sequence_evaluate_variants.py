"""sequence_evaluate_variants: variant effects against what is known of them."""

from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Write the metrics of all sets, and the curves behind the variant figure."""
    import pandas as pd

    from presage import tables
    from presage.config.evaluate import Evaluate
    from presage.sequence.model.outputs import outputs_of
    from presage.sequence.variants import planted
    from presage.sequence.variants.benchmark import Benchmark, benchmark, benchmark_curves
    from presage.sequence.variants.labelled import join, read_labelled

    settings, model, simulated = Evaluate(**job.params.settings), job.params.scorer, job.params.simulated
    genes = tables.read(job.input.genes, "genes")
    tracks = outputs_of(job.input.adapters).tracks
    scores = {Path(path).parent.name: tables.read(path, "scores") for path in job.input.scores}
    often = {"resamples": settings.bootstrap, "simulated": simulated}
    metrics, known = [tables.empty("metrics")], dict[str, Benchmark]()
    for folder in job.input.truth:
        truth = tables.read(Path(folder) / "variants.parquet", "truth_variants")
        for name, scored in scores.items():
            found = planted.evaluate_variants(
                scored, truth, tracks, genes, model=model, bootstrap_seed=settings.seed, **often
            )
            known[name] = planted.as_benchmark(scored, truth, tracks, genes)
            more = benchmark(known[name], model, settings.tss_bins, seed=settings.seed, **often)
            # What both give is given once, as the planted truth defines it.
            keys = ["metric", "model", "split", "group"]
            again = pd.MultiIndex.from_frame(more[keys]).isin(pd.MultiIndex.from_frame(found[keys]))
            metrics += [found, more[~again]]
    for name, path in zip(job.params.benchmarked, job.input.benchmarks):
        joined, left_out = join(read_labelled(path), scores[name])
        if left_out:
            log.warning("%s: not in the benchmark: %s", path, ", ".join(f"{n} {why}" for why, n in left_out.items()))
        known[name] = joined._replace(prefix=name)
        metrics.append(benchmark(known[name], model, settings.tss_bins, seed=settings.seed, **often))
    filled = [part for part in metrics if len(part)] or metrics[:1]
    tables.write(job.output.metrics, "metrics", pd.concat(filled, ignore_index=True), job.provenance())
    columns = {"oracle": "oracle", "score": "model", "distance": "tss_distance"}
    benchmark_curves(known, columns, settings.tss_bins).to_parquet(job.output.roc, index=False)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
