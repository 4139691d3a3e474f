"""Effects of variants per cell type, and in single cells.

REQUIRES <run>/sequence/variants/<set>/{sites,null_sites,calibration_sites}.parquet; the trunk and the scoring adapters' seeds;
<run>/sequence/reference/
PRODUCES <run>/sequence/variants/<set>/parts/, {scores,gene_scores,cell_scores}.parquet, scores.vcf.gz(.tbi)
"""


rule sequence_variants_part:
    input:
        sites=f"{SEQUENCE}/variants/{{set}}/{{role}}.parquet",
        trunk=rules.sequence_trunk.output.weights,
        adapters=scoring_adapters(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        effects=f"{SEQUENCE}/variants/{{set}}/parts/{{role}}.{{part}}.effects.parquet",
        genes=f"{SEQUENCE}/variants/{{set}}/parts/{{role}}.{{part}}.genes.parquet",
    log:
        f"{LOGS}/sequence_variants_part/{{set}}.{{role}}.{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_variants_part/{{set}}.{{role}}.{{part}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),
    params:
        settings=part_settings(),
        number=part_number,
        of=SEQ.variants.jobs,
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_variants_part"),
    message:
        "Score {wildcards.role} of {wildcards.set}, part {wildcards.part}"
    script:
        "../../../scripts/sequence_variants_part.py"


rule sequence_variants:
    input:
        sites=rules.sequence_sites.output.sites,
        effects=effect_parts("sites", "effects"),
        gene_effects=effect_parts("sites", "genes"),
        null=null_sites,
        null_parts=null_parts,
        calibration=calibration_sites,
        measured=calibration_effects,
        calibration_parts=calibration_parts,
        adapters=scoring_adapters(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
    output:
        scores=f"{SEQUENCE}/variants/{{set}}/scores.parquet",
        gene_scores=f"{SEQUENCE}/variants/{{set}}/gene_scores.parquet",
        vcf=f"{SEQUENCE}/variants/{{set}}/scores.vcf.gz",
        index=f"{SEQUENCE}/variants/{{set}}/scores.vcf.gz.tbi",
    log:
        f"{LOGS}/sequence_variants/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_variants/{{set}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        settings=scoring_settings(),
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_variants"),
    message:
        "Gather the effects of {wildcards.set}"
    script:
        "../../../scripts/sequence_variants.py"


rule sequence_variants_cells:
    input:
        sites=f"{SEQUENCE}/variants/{{set}}/sites.parquet",
        decoder=f"{SEQUENCE}/cells/decoder.safetensors",
        embeddings=f"{SEQUENCE}/cells/embeddings.parquet",
        trunk=rules.sequence_trunk.output.weights,
        adapters=cell_base(),
        fasta=rules.sequence_reference.output.fasta,
    output:
        scores=f"{SEQUENCE}/variants/{{set}}/cell_scores.parquet",
    log:
        f"{LOGS}/sequence_variants_cells/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_variants_cells/{{set}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),
    params:
        settings=part_settings("cells"),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_variants_cells"),
    message:
        "Score the variants of {wildcards.set} in single cells"
    script:
        "../../../scripts/sequence_variants_cells.py"
