"""How good the predictions are, on windows, genes and variants that were held out.

REQUIRES every adapter, the targets it was fitted on, the variant scores; the planted truth in the built-in world
PRODUCES <run>/sequence/evaluate/{metrics,leakage,examples,roc}.parquet
"""


rule sequence_evaluate:
    input:
        trunk=rules.sequence_trunk.output.weights,
        adapters=adapters(["adapter.safetensors"]),
        cards=adapters(["card.json"]),
        targets=adapt_targets(),
        trunk_targets=trunk_own_targets(),
        tracks=track_table(),
        qc=track_qc(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        scores=[
            f"{SEQUENCE}/variants/{name}/scores.parquet"
            for name in SEQ_IN.variant_sets
        ],
        truth=SEQ_IN.truth,
    output:
        metrics=f"{SEQUENCE}/evaluate/metrics.parquet",
        leakage=f"{SEQUENCE}/evaluate/leakage.parquet",
        examples=f"{SEQUENCE}/evaluate/examples.parquet",
        roc=f"{SEQUENCE}/evaluate/roc.parquet",
    log:
        f"{LOGS}/sequence_evaluate.log",
    benchmark:
        f"{BENCHMARKS}/sequence_evaluate.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=8000,
        runtime=240,
        gpu=min(1, CFG.gpus),
    params:
        settings=settings(SEQ.evaluate),
        scorer=scoring_name(),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_evaluate"),
    message:
        "Evaluate adapters and variant effects on held-out data"
    script:
        "../../../scripts/sequence_evaluate.py"
