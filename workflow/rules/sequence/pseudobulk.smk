"""Reads of single cells to one track per cell type, assay and strand.

REQUIRES the sample sheet's files; <run>/sequence/reference/
PRODUCES <run>/sequence/pseudobulk/{cells,tracks}.parquet, bw/, counts.h5ad, targets.zarr, qc.json
"""


rule sequence_pseudobulk:
    input:
        samples=SEQ_IN.sample_files,
        trunk=SEQ_IN.trunk_files,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
    output:
        cells=f"{SEQUENCE}/pseudobulk/cells.parquet",
        tracks=f"{SEQUENCE}/pseudobulk/tracks.parquet",
        bigwigs=directory(f"{SEQUENCE}/pseudobulk/bw"),
        counts=f"{SEQUENCE}/pseudobulk/counts.h5ad",
        targets=directory(f"{SEQUENCE}/pseudobulk/targets.zarr"),
        qc=f"{SEQUENCE}/pseudobulk/qc.json",
    log:
        f"{LOGS}/sequence_pseudobulk.log",
    benchmark:
        f"{BENCHMARKS}/sequence_pseudobulk.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=8000,
        runtime=240,
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
