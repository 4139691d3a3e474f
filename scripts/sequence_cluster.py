"""sequence_cluster: cells of RNA samples without labels to clusters, with what was left out and the marker genes."""

from presage.entry import Job, log, main


def run(job: Job) -> None:
    """Count, check, cluster, draw."""
    from presage import tables
    from presage.config.cluster import Cluster
    from presage.config.pseudobulk import Reading
    from presage.report import style
    from presage.report.pseudobulk.cluster_figure import clusters
    from presage.sequence.pseudobulk.cell_counts import LEFT_OUT, count_cells
    from presage.sequence.pseudobulk.cluster import FEW_UMIS, cluster
    from presage.sequence.reference.genome import Genome
    from presage.sheets import Sample

    settings, reading = Cluster(**job.params.settings), Reading(**job.params.reading)
    genome, genes = Genome(job.input.fasta), tables.read(job.input.genes, "genes")
    samples = {
        row["sample"]: count_cells(Sample(**row), reading, genome, genes, settings.min_umis)
        for row in job.params.samples
    }
    found = cluster(samples, settings, job.params.seed)
    # Cells of the table by what became of them, and barcodes that are not in it for lack of molecules.
    fate = found.cell_qc.assign(reason=found.cell_qc["reason"].fillna("clustered"))
    counted = {name: here["reason"].value_counts().to_dict() for name, here in fate.groupby("sample")}
    for name, data in samples.items():
        of_sample = counted.setdefault(name, {})
        of_sample[FEW_UMIS] = of_sample.get(FEW_UMIS, 0) + data.uns[LEFT_OUT]
    meta = job.provenance(barcodes=counted)
    log.info("barcodes: %s", counted)
    found.labels.to_csv(job.output.labels, sep="\t", index=False, lineterminator="\n")
    tables.write(job.output.cells, "cell_qc", found.cell_qc, meta)
    tables.write(job.output.markers, "markers", found.markers, meta)
    figure, data = clusters(found.umap, job.params.simulated)
    style.save(figure, job.output.labels.parent / "umap", data)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
