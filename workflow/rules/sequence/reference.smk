"""Genome, genes, windows and blacklist.

REQUIRES a FASTA; a GTF, a BED of published windows and a BED blacklist where there are any
PRODUCES <run>/sequence/reference/{genome.fa,genome.fa.fai,genes.parquet,windows.parquet,blacklist.parquet,qc.json}
"""


rule sequence_reference:
    input:
        fasta=optional(SEQ_IN.fasta),
        gtf=optional(SEQ_IN.gtf),
        windows=optional(SEQ_IN.published_windows),
        blacklist=optional(SEQ_IN.blacklist),
        trunk=SEQ_IN.trunk_files,
    output:
        fasta=f"{SEQUENCE}/reference/genome.fa",
        fai=f"{SEQUENCE}/reference/genome.fa.fai",
        genes=f"{SEQUENCE}/reference/genes.parquet",
        windows=f"{SEQUENCE}/reference/windows.parquet",
        blacklist=f"{SEQUENCE}/reference/blacklist.parquet",
        qc=f"{SEQUENCE}/reference/qc.json",
    log:
        f"{LOGS}/sequence_reference.log",
    benchmark:
        f"{BENCHMARKS}/sequence_reference.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        settings=settings(SEQ.reference),
        trunk=settings(SEQ_IN.trunk),
        simulated=SIMULATED["sequence"],
        code=code("sequence_reference"),
    message:
        "Prepare genome, genes and windows"
    script:
        "../../../scripts/sequence_reference.py"
