"""A head fitted to molecules per gene. Runs where every sample is an h5ad, which has counts and no coverage.

REQUIRES <run>/sequence/{reference,pseudobulk,trunk}/
PRODUCES <run>/sequence/gene_head/seed<k>/{adapter.safetensors,card.json}, <run>/sequence/gene_head/evaluation.parquet
"""


rule sequence_gene_head:
    input:
        trunk=rules.sequence_trunk.output.weights,
        card=rules.sequence_trunk.output.card,
        counts=rules.sequence_pseudobulk.output.counts,
        fasta=rules.sequence_reference.output.fasta,
        windows=rules.sequence_reference.output.windows,
        genes=rules.sequence_reference.output.genes,
    output:
        weights=expand(
            f"{SEQUENCE}/gene_head/seed{{seed}}/adapter.safetensors",
            seed=SEQ.adapt.seeds,
        ),
        cards=expand(
            f"{SEQUENCE}/gene_head/seed{{seed}}/card.json", seed=SEQ.adapt.seeds
        ),
        evaluation=f"{SEQUENCE}/gene_head/evaluation.parquet",
    log:
        f"{LOGS}/sequence_gene_head.log",
    benchmark:
        f"{BENCHMARKS}/sequence_gene_head.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(240),
        gpu=min(1, CFG.gpus),
    params:
        settings=settings(SEQ.gene_head),
        evaluating=settings(SEQ.evaluate),
        seeds=list(SEQ.adapt.seeds),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_gene_head"),
    message:
        "Fit a head to molecules per gene"
    script:
        "../../../scripts/sequence_gene_head.py"
