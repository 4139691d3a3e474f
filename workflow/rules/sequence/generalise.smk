"""What is predicted without having been seen: adapters fitted without a cell type, donor, tissue, condition or tracks.

REQUIRES the parts of the samples, or the study's targets; the trunk; the adapters that were fitted to everything
PRODUCES <run>/sequence/generalise/<axis>/<held>/ and their sum, <run>/sequence/evaluate/generalise.parquet
"""


rule sequence_generalise_split:
    input:
        parts=pseudobulk_parts(),
        samples=SEQ_IN.finished_files,
        trunk=SEQ_IN.trunk_files,
        fasta=rules.sequence_reference.output.fasta,
        windows=rules.sequence_reference.output.windows,
        blacklist=rules.sequence_reference.output.blacklist,
    output:
        kept=directory(f"{GENERALISE}/{{axis}}/{{held}}/kept/targets.zarr"),
        kept_tracks=f"{GENERALISE}/{{axis}}/{{held}}/kept/tracks.parquet",
        kept_qc=f"{GENERALISE}/{{axis}}/{{held}}/kept/qc.json",
        held=directory(f"{GENERALISE}/{{axis}}/{{held}}/held/targets.zarr"),
        held_tracks=f"{GENERALISE}/{{axis}}/{{held}}/held/tracks.parquet",
        held_qc=f"{GENERALISE}/{{axis}}/{{held}}/held/qc.json",
    log:
        f"{LOGS}/sequence_generalise_split/{{axis}}.{{held}}.log",
    wildcard_constraints:
        axis="donor|tissue|condition",
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(8000),
        runtime=minutes(240),
    params:
        samples=[vars(sample) for sample in SEQ_IN.samples],
        settings=settings(SEQ.pseudobulk),
        trunk=settings(SEQ_IN.trunk),
        hold_out=hold_out_settings,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_generalise_split"),
    message:
        "Pool without and of {wildcards.axis} {wildcards.held}"
    script:
        "../../../scripts/sequence_generalise_split.py"


rule sequence_generalise_adapt:
    input:
        trunk=rules.sequence_trunk.output.weights,
        card=rules.sequence_trunk.output.card,
        targets=side_targets("kept"),
        tracks=side_tracks("kept"),
        fasta=rules.sequence_reference.output.fasta,
        embeddings=generalise_embeddings,
    output:
        weights=f"{GENERALISE}/{{axis}}/{{held}}/adapt/seed{{seed}}/adapter.safetensors",
        card=f"{GENERALISE}/{{axis}}/{{held}}/adapt/seed{{seed}}/card.json",
        history=f"{GENERALISE}/{{axis}}/{{held}}/adapt/seed{{seed}}/history.parquet",
    log:
        f"{LOGS}/sequence_generalise_adapt/{{axis}}.{{held}}.seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_generalise_adapt/{{axis}}.{{held}}.seed{{seed}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=CFG.gpus,
    params:
        settings=generalise_adapt_settings,
        hold_out=hold_out_settings,
        torch_threads=CFG.torch_threads,
        resume=RESUME,
        seed=adapter_seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_generalise_adapt"),
    message:
        "Fit an adapter without {wildcards.axis} {wildcards.held}, seed {wildcards.seed}"
    script:
        "../../../scripts/sequence_generalise_adapt.py"


rule sequence_generalise_cells:
    input:
        samples=cell_files(),
        cells=rules.sequence_pseudobulk.output.cells,
        trunk=rules.sequence_trunk.output.weights,
        adapter=decoder_base,
        targets=side_targets("kept"),
        tracks=side_tracks("kept"),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        weights=f"{GENERALISE}/{{axis}}/{{held}}/cells/decoder.safetensors",
        card=f"{GENERALISE}/{{axis}}/{{held}}/cells/card.json",
        embeddings=f"{GENERALISE}/{{axis}}/{{held}}/cells/embeddings.parquet",
        evaluation=f"{GENERALISE}/{{axis}}/{{held}}/cells/evaluation.parquet",
        held=f"{GENERALISE}/{{axis}}/{{held}}/cells/held.parquet",
    log:
        f"{LOGS}/sequence_generalise_cells/{{axis}}.{{held}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_generalise_cells/{{axis}}.{{held}}.tsv"
    wildcard_constraints:
        axis="cell_type|donor|tissue|condition",
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(16000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),
    params:
        samples=[vars(sample) for sample in cell_samples()],
        settings=settings(SEQ.cells),
        reading=reading_settings(),
        hold_out=hold_out_settings,
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_generalise_cells"),
    message:
        "Fit the decoder for cells without {wildcards.axis} {wildcards.held}"
    script:
        "../../../scripts/sequence_generalise_cells.py"


rule sequence_generalise_one:
    input:
        trunk=rules.sequence_trunk.output.weights,
        fits=held_out_fits,
        whole=seeds_of(generalised_run()),
        decoder=held_out_decoder,
        study=adapt_targets(),
        study_tracks=track_table(),
        kept=side_targets("kept"),
        kept_tracks=side_tracks("kept"),
        held=side_targets("held"),
        held_tracks=side_tracks("held"),
        qc=held_qc,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        metrics=f"{GENERALISE}/{{axis}}/{{held}}/metrics.parquet",
    log:
        f"{LOGS}/sequence_generalise_one/{{axis}}.{{held}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_generalise_one/{{axis}}.{{held}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(240),
        gpu=min(1, CFG.gpus),
    params:
        settings=settings(SEQ.evaluate),
        tracks=SEQ.adapt.tracks,
        name=generalised_run(),
        on_adapter=bool(SEQ.cells and SEQ.cells.adapter),
        hold_out=hold_out_settings,
        torch_threads=CFG.torch_threads,
        simulated=SIMULATED["sequence"],
        code=code("sequence_generalise_one"),
    message:
        "Predict {wildcards.axis} {wildcards.held} without having seen it"
    script:
        "../../../scripts/sequence_generalise_one.py"


rule sequence_generalise:
    input:
        parts=hold_out_metrics(),
    output:
        table=f"{SEQUENCE}/evaluate/generalise.parquet",
    log:
        f"{LOGS}/sequence_generalise.log",
    conda:
        "../../../envs/tables.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        simulated=SIMULATED["sequence"],
        code=code("sequence_generalise"),
    message:
        "Put all hold-outs into one table"
    script:
        "../../../scripts/sequence_generalise.py"
