"""The frozen trunk, and the adapters that are fitted inside it.

REQUIRES bulk coverage (the built-in world's, or a sheet of bigWigs) or a trained trunk's files; pseudobulk targets or a baskerville TFRecord set
PRODUCES <run>/sequence/trunk/, <run>/sequence/embeddings/<stage>.zarr (only with adapt.cached_trunk), <run>/sequence/adapt/<name>/seed<k>/{adapter.safetensors,card.json,history.parquet},
         and a history.svg beside each history.parquet; of an adapter that was fitted elsewhere, a copy of what was given
"""


rule sequence_bulk:
    input:
        bulk=SEQ_IN.bulk_files,
        fasta=rules.sequence_reference.output.fasta,
        windows=rules.sequence_reference.output.windows,
    output:
        targets=directory(f"{SEQUENCE}/bulk/targets.zarr"),
    log:
        f"{LOGS}/sequence_bulk.log",
    benchmark:
        f"{BENCHMARKS}/sequence_bulk.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        sheet=SEQ_IN.bulk_sheet,
        shape=settings(SEQ.trunk.shape),
        simulated=SIMULATED["sequence"],
        code=code("sequence_bulk"),
    message:
        "Collect bulk coverage over the windows"
    script:
        "../../../scripts/sequence_bulk.py"


rule sequence_tfrecords:
    input:
        folder=optional(SEQ_IN.tfrecords),
    output:
        targets=directory(f"{SEQUENCE}/tfrecords/targets.zarr"),
    log:
        f"{LOGS}/sequence_tfrecords.log",
    benchmark:
        f"{BENCHMARKS}/sequence_tfrecords.tsv"
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        simulated=SIMULATED["sequence"],
        code=code("sequence_tfrecords"),
    message:
        "Read the TFRecord set"
    script:
        "../../../scripts/sequence_tfrecords.py"


rule sequence_trunk:
    input:
        files=SEQ_IN.trunk_files,
        targets=trunk_targets(),
        fasta=rules.sequence_reference.output.fasta,
    output:
        weights=f"{SEQUENCE}/trunk/trunk.safetensors",
        card=f"{SEQUENCE}/trunk/card.json",
        history=f"{SEQUENCE}/trunk/history.parquet",
    log:
        f"{LOGS}/sequence_trunk.log",
    benchmark:
        f"{BENCHMARKS}/sequence_trunk.tsv"
    priority: 10
    conda:
        f"../../../envs/{'enformer' if SEQ.trunk.kind == 'enformer' else 'torch'}.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),  # its BatchNorm needs whole batches: see presage.sequence.training.fit
    params:
        settings=trunk_settings(),
        torch_threads=CFG.torch_threads,
        resume=RESUME,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_trunk"),
    message:
        "Make the trunk ready ({params.settings[kind]}); progress is in {log}"
    script:
        "../../../scripts/sequence_trunk.py"


rule sequence_embed:
    input:
        trunk=rules.sequence_trunk.output.weights,
        card=rules.sequence_trunk.output.card,
        targets=adapt_targets(),
        fasta=rules.sequence_reference.output.fasta,
    output:
        embeddings=directory(f"{SEQUENCE}/embeddings/{{stage}}.zarr"),
    log:
        f"{LOGS}/sequence_embed/{{stage}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_embed/{{stage}}.tsv"
    wildcard_constraints:
        stage="encoded|embedding",
    priority: 10
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),
    params:
        settings=embed_settings(),
        torch_threads=CFG.torch_threads,
        resume=RESUME,
        simulated=SIMULATED["sequence"],
        code=code("sequence_embed"),
    message:
        "Pass every window through the frozen trunk ({wildcards.stage})"
    script:
        "../../../scripts/sequence_embed.py"


rule sequence_adapt:
    input:
        trunk=rules.sequence_trunk.output.weights,
        card=rules.sequence_trunk.output.card,
        targets=adapt_targets(),
        tracks=track_table(),
        fasta=rules.sequence_reference.output.fasta,
        embeddings=adapt_embeddings,
    output:
        weights=f"{SEQUENCE}/adapt/{{name}}/seed{{seed}}/adapter.safetensors",
        card=f"{SEQUENCE}/adapt/{{name}}/seed{{seed}}/card.json",
        history=f"{SEQUENCE}/adapt/{{name}}/seed{{seed}}/history.parquet",
    log:
        f"{LOGS}/sequence_adapt/{{name}}.seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_adapt/{{name}}.seed{{seed}}.tsv"
    wildcard_constraints:
        name=one_of(run.name for run in SEQ_IN.runs),
    priority: 10
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=CFG.gpus,
    params:
        settings=adapt_settings,
        torch_threads=CFG.torch_threads,
        resume=RESUME,
        seed=adapter_seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_adapt"),
    message:
        "Fit adapter {wildcards.name}, seed {wildcards.seed}"
    script:
        "../../../scripts/sequence_adapt.py"


rule sequence_given:
    input:
        trunk=rules.sequence_trunk.output.card,
        weights=given_adapter("adapter.safetensors"),
        card=given_adapter("card.json"),
    output:
        weights=f"{SEQUENCE}/adapt/{{name}}/seed{{seed}}/adapter.safetensors",
        card=f"{SEQUENCE}/adapt/{{name}}/seed{{seed}}/card.json",
    log:
        f"{LOGS}/sequence_given/{{name}}.seed{{seed}}.log",
    wildcard_constraints:
        name=one_of(SEQ_IN.given_adapters),
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        simulated=SIMULATED["sequence"],
        code=code("sequence_given"),
    message:
        "Check adapter {wildcards.name} (seed {wildcards.seed}), fitted elsewhere, against the trunk"
    script:
        "../../../scripts/sequence_given.py"


rule sequence_history:
    input:
        history=f"{SEQUENCE}/{{fit}}/history.parquet",
        card=f"{SEQUENCE}/{{fit}}/card.json",
    output:
        picture=f"{SEQUENCE}/{{fit}}/history.svg",
    log:
        f"{LOGS}/sequence_history/{{fit}}.log",
    wildcard_constraints:
        fit=r"trunk|adapt/[^/]+/seed\d+",
    conda:
        "../../../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        simulated=SIMULATED["sequence"],
        code=code("sequence_history"),
    message:
        "Draw the loss curves of {wildcards.fit}"
    script:
        "../../../scripts/sequence_history.py"
