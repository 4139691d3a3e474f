"""Which alleles are scored, and what they are compared with.

REQUIRES files of variants (VCF, BCF, table or BED); null sets and measured effects where there are any; <run>/sequence/reference/
PRODUCES <run>/sequence/variants/<set>/{sites,dropped,null_sites,null_dropped,calibration_sites,calibration_effects,calibration_dropped}.parquet
"""


rule sequence_sites:
    input:
        variants=variant_file,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
    output:
        sites=f"{SEQUENCE}/variants/{{set}}/sites.parquet",
        dropped=f"{SEQUENCE}/variants/{{set}}/dropped.parquet",
    log:
        f"{LOGS}/sequence_sites/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_sites/{{set}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        settings=sites_settings(),
        simulated=SIMULATED["sequence"],
        code=code("sequence_sites"),
    message:
        "Check, normalise and place the variants of {wildcards.set}"
    script:
        "../../../scripts/sequence_sites.py"


rule sequence_null_sites:
    input:
        sites=rules.sequence_sites.output.sites,
        null=null_file,
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
        blacklist=rules.sequence_reference.output.blacklist,
    output:
        sites=f"{SEQUENCE}/variants/{{set}}/null_sites.parquet",
        dropped=f"{SEQUENCE}/variants/{{set}}/null_dropped.parquet",
    log:
        f"{LOGS}/sequence_null_sites/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_null_sites/{{set}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        settings=sites_settings(),
        matched=null_settings,
        name=null_name,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_null_sites"),
    message:
        "Read or draw the null set of {wildcards.set}"
    script:
        "../../../scripts/sequence_null_sites.py"


rule sequence_calibration_sites:
    input:
        measured=calibration_file,
        adapters=scoring_adapters(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
    output:
        sites=f"{SEQUENCE}/variants/{{set}}/calibration_sites.parquet",
        effects=f"{SEQUENCE}/variants/{{set}}/calibration_effects.parquet",
        dropped=f"{SEQUENCE}/variants/{{set}}/calibration_dropped.parquet",
    log:
        f"{LOGS}/sequence_calibration_sites/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_calibration_sites/{{set}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        settings=sites_settings(),
        simulated=SIMULATED["sequence"],
        code=code("sequence_calibration_sites"),
    message:
        "Check and place the measured effects of {wildcards.set}"
    script:
        "../../../scripts/sequence_calibration_sites.py"
