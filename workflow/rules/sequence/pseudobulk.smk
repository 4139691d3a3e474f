"""Reads of single cells to one track per cell type, assay and strand.

REQUIRES the sample sheet's files; <run>/sequence/reference/
PRODUCES <run>/sequence/parts/<sample>.<kind>/<part>/; <run>/sequence/pseudobulk/{cells,tracks}.parquet, counts.h5ad, qc.json, and
where a sample has coverage bw/ and targets.zarr
"""


rule sequence_pseudobulk_part:
    input:
        files=part_files,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        directory(f"{SEQUENCE}/parts/{{source}}/{{part}}"),
    log:
        f"{LOGS}/sequence_pseudobulk_part/{{source}}.{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_pseudobulk_part/{{source}}.{{part}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),  # that of a stretch: it does not grow with the file
        runtime=minutes(120, per_input_gb=5),
    params:
        sample=part_sample,
        settings=reading_settings(),
        number=part_number,
        of=part_count,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_pseudobulk_part"),
    message:
        "Read {wildcards.source}, part {wildcards.part}"
    script:
        "../../../scripts/sequence_pseudobulk_part.py"


rule sequence_pseudobulk:
    input:
        parts=pseudobulk_parts(),
        samples=SEQ_IN.finished_files,
        trunk=SEQ_IN.trunk_files,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
        blacklist=rules.sequence_reference.output.blacklist,
    output:
        cells=f"{SEQUENCE}/pseudobulk/cells.parquet",
        tracks=f"{SEQUENCE}/pseudobulk/tracks.parquet",
        counts=f"{SEQUENCE}/pseudobulk/counts.h5ad",
        qc=f"{SEQUENCE}/pseudobulk/qc.json",
        coverage=[directory(path) for path in coverage_outputs()],
    log:
        f"{LOGS}/sequence_pseudobulk.log",
    benchmark:
        f"{BENCHMARKS}/sequence_pseudobulk.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000, per_input=1.5),
        runtime=minutes(240),
    params:
        samples=[vars(sample) for sample in SEQ_IN.samples],
        settings=settings(SEQ.pseudobulk),
        trunk=settings(SEQ_IN.trunk),
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_pseudobulk"),
    message:
        "Pool reads into pseudobulk tracks"
    script:
        "../../../scripts/sequence_pseudobulk.py"
