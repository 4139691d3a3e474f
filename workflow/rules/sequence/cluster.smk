"""Clusters for RNA samples that come without labels.

REQUIRES the sample sheet's unlabelled BAM and h5ad files; <run>/sequence/reference/
PRODUCES <run>/sequence/labels/{labels.tsv,cell_qc.parquet,markers.parquet,umap.{svg,png,pdf,parquet}}
"""


rule sequence_cluster:
    input:
        samples=SEQ_IN.cluster_files,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        labels=CLUSTER_LABELS,
        cells=f"{SEQUENCE}/labels/cell_qc.parquet",
        markers=f"{SEQUENCE}/labels/markers.parquet",
        umap=multiext(f"{SEQUENCE}/labels/umap", ".svg", ".png", ".pdf", ".parquet"),
    log:
        f"{LOGS}/sequence_cluster.log",
    benchmark:
        f"{BENCHMARKS}/sequence_cluster.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(16000),
        runtime=minutes(240),
    params:
        samples=[vars(sample) for sample in SEQ_IN.clustered],
        settings=settings(SEQ.cluster),
        reading=reading_settings(),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_cluster"),
    message:
        "Cluster the cells that have no labels"
    script:
        "../../../scripts/sequence_cluster.py"
