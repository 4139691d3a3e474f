"""sequence_gene_head: a head fitted to molecules per gene, for studies without coverage."""

from pathlib import Path

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Sum counts by cell type, fit on train genes, judge on test genes."""
    import anndata

    from presage import tables
    from presage.config.decoder import GeneHead
    from presage.config.evaluate import Evaluate
    from presage.device import device
    from presage.sequence.decoder.gene_step import gene_heads
    from presage.sequence.model.shape import as_shape, read_card
    from presage.sequence.targets.target_set import TargetSet

    groups = anndata.read_h5ad(job.input.counts)
    counts = groups.to_df().astype("int64").groupby(groups.obs["cell_type"].astype(str).to_numpy()).sum()
    windows = tables.read(job.input.windows, "windows")
    shape = as_shape(read_card(Path(job.input.card).parent)["shape"])
    rows = gene_heads(
        job.output.evaluation.parent,
        job.input.trunk,
        TargetSet.without_coverage(windows, shape.bin_size, job.input.fasta, bool(job.params.simulated)),
        tables.read(job.input.genes, "genes"),
        counts,
        GeneHead(**job.params.settings),
        Evaluate(**job.params.evaluating),
        job.params.seeds,
        job.params.torch_threads,
        device(job.gpus),
    )
    log.info("%s", rows[rows["group"] == "all"][["metric", "seed", "value"]].to_string(index=False))


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
