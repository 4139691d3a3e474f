"""Which alleles are scored, and what they are compared with.

REQUIRES the variant files of the configuration; <run>/sequence/reference/
PRODUCES <run>/sequence/variants/<set>/{sites,dropped,null_sites,calibration_sites,calibration_effects}.parquet and counts of
what was given, scored and left out
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
        counts=f"{SEQUENCE}/variants/{{set}}/counts.json",
    log:
        f"{LOGS}/sequence_sites/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_sites/{{set}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        max_length=SEQ.variants.max_length,
        max_mismatch=SEQ.variants.max_mismatch,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_sites"),
    message:
        "Read the variants of {wildcards.set}"
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
        counts=f"{SEQUENCE}/variants/{{set}}/null_counts.json",
    log:
        f"{LOGS}/sequence_null_sites/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_null_sites/{{set}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        max_length=SEQ.variants.max_length,
        max_mismatch=SEQ.variants.max_mismatch,
        each=SEQ.variants.null_each,
        most=SEQ.variants.null_most,
        apart=SEQ.variants.null_apart,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_null_sites"),
    message:
        "Make the null set of {wildcards.set}"
    script:
        "../../../scripts/sequence_null_sites.py"


rule sequence_calibration_sites:
    input:
        measured=calibration_file,
        tracks=track_table(),
        targets=adapt_targets(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        windows=rules.sequence_reference.output.windows,
    output:
        sites=f"{SEQUENCE}/variants/{{set}}/calibration_sites.parquet",
        effects=f"{SEQUENCE}/variants/{{set}}/calibration_effects.parquet",
        counts=f"{SEQUENCE}/variants/{{set}}/calibration_counts.json",
    log:
        f"{LOGS}/sequence_calibration_sites/{{set}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_calibration_sites/{{set}}.tsv"
    conda:
        "../../../envs/singlecell.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        max_length=SEQ.variants.max_length,
        max_mismatch=SEQ.variants.max_mismatch,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_calibration_sites"),
    message:
        "Read the measured effects of {wildcards.set}"
    script:
        "../../../scripts/sequence_calibration_sites.py"
