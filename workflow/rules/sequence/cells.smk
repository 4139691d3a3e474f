"""One decoder for every cell: from a cell's embedding to the weights of the output layer. Runs where sequence.cells is set.

REQUIRES RNA samples with labelled cells (BAM or h5ad); <run>/sequence/{reference,pseudobulk,trunk}/; the adapter that it sits on
PRODUCES <run>/sequence/cells/{decoder.safetensors,card.json,embeddings.parquet,evaluation.parquet}
"""


rule sequence_cells:
    input:
        samples=cell_files(),
        trunk=rules.sequence_trunk.output.weights,
        trunk_card=rules.sequence_trunk.output.card,
        adapters=cell_adapters(),
        targets=f"{SEQUENCE}/pseudobulk/targets.zarr",
        tracks=rules.sequence_pseudobulk.output.tracks,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        weights=f"{SEQUENCE}/cells/decoder.safetensors",
        card=f"{SEQUENCE}/cells/card.json",
        embeddings=f"{SEQUENCE}/cells/embeddings.parquet",
        evaluation=f"{SEQUENCE}/cells/evaluation.parquet",
    log:
        f"{LOGS}/sequence_cells.log",
    benchmark:
        f"{BENCHMARKS}/sequence_cells.tsv"
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
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_cells"),
    message:
        "Fit the decoder for single cells"
    script:
        "../../../scripts/sequence_cells.py"
