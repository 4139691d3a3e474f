"""Effects of variants per cell type.

REQUIRES a VCF and, for p-values, a null VCF; the trunk and the scoring adapter's seeds; <run>/sequence/reference/
PRODUCES <run>/sequence/variants/<set>/{scores,dropped}.parquet, scores.vcf.gz(.tbi)
"""


rule sequence_variants:
    input:
        vcf=variant_file,
        null=null_file,
        trunk=rules.sequence_trunk.output.weights,
        adapters=scoring_adapters(),
        tracks=track_table(),
        targets=adapt_targets(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
    output:
        scores=f"{SEQUENCE}/variants/{{set}}/scores.parquet",
        dropped=f"{SEQUENCE}/variants/{{set}}/dropped.parquet",
        vcf=f"{SEQUENCE}/variants/{{set}}/scores.vcf.gz",
        index=f"{SEQUENCE}/variants/{{set}}/scores.vcf.gz.tbi",
    log:
        f"{LOGS}/sequence_variants/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_variants/{{set}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=8000,
        runtime=720,
        gpu=min(1, CFG.gpus),
    params:
        settings=settings(SEQ.variants),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_variants"),
    message:
        "Score the variants of {wildcards.set}"
    script:
        "../../../scripts/sequence_variants.py"
