"""In-silico mutagenesis of regions, and its comparison with a reporter assay.

REQUIRES the trunk and the scoring adapter's seeds; <run>/sequence/reference/; motifs (MEME) and the assay's table, where configured
PRODUCES <run>/sequence/ism/<region>.{parquet,svg,npz}, <region>.{coverage,seqlets}.parquet, <region>.bw/;
<run>/sequence/mpra/{effects,agreement}.parquet, scatter.svg
"""


rule sequence_ism:
    input:
        trunk=rules.sequence_trunk.output.weights,
        adapters=ism_adapters(),
        fasta=rules.sequence_reference.output.fasta,
        genes=rules.sequence_reference.output.genes,
        planted=optional(SEQ_IN.ism_planted),
    output:
        table=f"{SEQUENCE}/ism/{{region}}.parquet",
        coverage=f"{SEQUENCE}/ism/{{region}}.coverage.parquet",
    log:
        f"{LOGS}/sequence_ism/{{region}}.log",
    benchmark:
        f"{BENCHMARKS}/sequence_ism/{{region}}.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),
    params:
        settings=ism_settings,
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["sequence"],
        code=code("sequence_ism"),
    message:
        "Mutate every base of {wildcards.region}"
    script:
        "../../../scripts/sequence_ism.py"


rule sequence_ism_picture:
    input:
        table=rules.sequence_ism.output.table,
        coverage=rules.sequence_ism.output.coverage,
        fasta=rules.sequence_reference.output.fasta,
        motifs=optional(SEQ_IN.motifs),
        truth=SEQ_IN.truth,
    output:
        picture=report(
            f"{SEQUENCE}/ism/{{region}}.svg",
            caption="../../report/ism.rst",
            category="sequence",
            subcategory="figures",
            labels={"shows": "mutagenesis of {region}", "as": "figure"},
        ),
        seqlets=f"{SEQUENCE}/ism/{{region}}.seqlets.parquet",
        arrays=f"{SEQUENCE}/ism/{{region}}.npz",
        bigwigs=directory(f"{SEQUENCE}/ism/{{region}}.bw"),
    log:
        f"{LOGS}/sequence_ism_picture/{{region}}.log",
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        settings=ism_picture_settings(),
        simulated=SIMULATED["sequence"],
        code=code("sequence_ism_picture"),
    message:
        "Draw the mutagenesis of {wildcards.region}"
    script:
        "../../../scripts/sequence_ism_picture.py"


rule sequence_mpra:
    input:
        trunk=rules.sequence_trunk.output.weights,
        adapters=mpra_adapters(),
        assay=optional(SEQ_IN.mpra),
    output:
        effects=f"{SEQUENCE}/mpra/effects.parquet",
    log:
        f"{LOGS}/sequence_mpra.log",
    benchmark:
        f"{BENCHMARKS}/sequence_mpra.tsv"
    conda:
        "../../../envs/torch.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=min(1, CFG.gpus),
    params:
        settings=mpra_settings(),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        code=code("sequence_mpra"),
    message:
        "Predict the changes that a reporter assay measured"
    script:
        "../../../scripts/sequence_mpra.py"


rule sequence_mpra_picture:
    input:
        effects=rules.sequence_mpra.output.effects,
    output:
        table=f"{SEQUENCE}/mpra/agreement.parquet",
        picture=report(
            f"{SEQUENCE}/mpra/scatter.svg",
            caption="../../report/mpra.rst",
            category="sequence",
            subcategory="figures",
            labels={"shows": "predicted against measured changes", "as": "figure"},
        ),
    log:
        f"{LOGS}/sequence_mpra_picture.log",
    conda:
        "../../../envs/torch.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        settings=settings(SEQ.mpra),
        code=code("sequence_mpra_picture"),
    message:
        "Compare predicted with measured changes"
    script:
        "../../../scripts/sequence_mpra_picture.py"
