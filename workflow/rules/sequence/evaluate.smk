"""How good the predictions are, on windows, genes and variants that were held out, and what the trunk had seen of them.

REQUIRES every adapter, the targets it was fitted on, the variant scores; the planted truth in the built-in world
PRODUCES <run>/sequence/evaluate/{tracks,variants,metrics,leakage,examples,roc}.parquet
"""


rule sequence_evaluate_tracks:
    input:
        trunk=rules.sequence_trunk.output.weights,
        adapters=adapters(["adapter.safetensors"]),
        given=[path for name in SEQ_IN.given_adapters for path in seeds_of(name)],
        cards=adapters(["card.json"]),
        targets=adapt_targets(),
        trunk_targets=trunk_own_targets(),
        tracks=track_table(),
        qc=track_qc(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        metrics=f"{SEQUENCE}/evaluate/tracks.parquet",
        examples=f"{SEQUENCE}/evaluate/examples.parquet",
    log:
        f"{LOGS}/sequence_evaluate_tracks.log",
    benchmark:
        f"{BENCHMARKS}/sequence_evaluate_tracks.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(240),
        gpu=min(1, CFG.gpus),
    params:
        settings=settings(SEQ.evaluate),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_evaluate_tracks"),
    message:
        "Evaluate adapters on held-out windows and genes"
    script:
        "../../../scripts/sequence_evaluate_tracks.py"


rule sequence_evaluate_variants:
    input:
        scores=variant_scores(),
        benchmarks=list(SEQ_IN.variant_benchmarks.values()),
        adapters=scoring_adapters(),
        genes=rules.sequence_reference.output.genes,
        truth=SEQ_IN.truth,
    output:
        metrics=f"{SEQUENCE}/evaluate/variants.parquet",
        roc=f"{SEQUENCE}/evaluate/roc.parquet",
    log:
        f"{LOGS}/sequence_evaluate_variants.log",
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        settings=settings(SEQ.evaluate),
        scorer=scoring_name(),
        benchmarked=list(SEQ_IN.variant_benchmarks),
        simulated=SIMULATED["sequence"],
        code=code("sequence_evaluate_variants"),
    message:
        "Read variant effects against what is known of them"
    script:
        "../../../scripts/sequence_evaluate_variants.py"


rule sequence_leakage:
    input:
        windows=audited_windows(),
        genes=rules.sequence_reference.output.genes,
        scores=variant_scores(),
        regions=ism_files(("parquet",)),
        elements=mpra_files(("effects.parquet",)),
        trunk_windows=optional(SEQ_IN.trunk_windows),
    output:
        leakage=f"{SEQUENCE}/evaluate/leakage.parquet",
    log:
        f"{LOGS}/sequence_leakage.log",
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(30),
    params:
        known=SEQ_IN.folds_known,
        held_folds=[SEQ.reference.test_folds, SEQ.reference.valid_folds],
        simulated=SIMULATED["sequence"],
        code=code("sequence_leakage"),
    message:
        "Look up what the trunk had seen"
    script:
        "../../../scripts/sequence_leakage.py"


rule sequence_evaluate:
    input:
        parts=evaluated_parts(),
    output:
        metrics=f"{SEQUENCE}/evaluate/metrics.parquet",
    log:
        f"{LOGS}/sequence_evaluate.log",
    conda:
        "../../../envs/tables.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        simulated=SIMULATED["sequence"],
        code=code("sequence_evaluate"),
    message:
        "Put all metrics into one table"
    script:
        "../../../scripts/sequence_evaluate.py"
