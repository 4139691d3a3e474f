"""Where input comes from when it is not the user's own: public data by the registry, and the two built-in worlds.

REQUIRES a mirror folder (PRESAGE_DATA_MIRROR) or the network, for public data only
PRODUCES resources/public/{files,folders}/<name>, <run>/worlds/genome/, <run>/worlds/vivarium/
"""


localrules:
    public_file,
    public_folder,
    index_bam,


rule public_file:
    output:
        f"{study.PUBLIC_FILES}/{{path}}",
    log:
        f"{study.PUBLIC}/logs/{{path}}.log",
    wildcard_constraints:
        path=r".*(?<!\.bai)",
    conda:
        "../../envs/singlecell.yaml"
    params:
        name=public_name,
        code=code("public_data"),
    message:
        "Fetch the public file {wildcards.path}"
    script:
        "../../scripts/public_data.py"


rule public_folder:
    output:
        directory(f"{study.PUBLIC_FOLDERS}/{{path}}"),
    log:
        f"{study.PUBLIC}/logs/{{path}}.log",
    conda:
        "../../envs/tables.yaml"
    params:
        name=public_folder_name,
        code=code("public_data"),
    message:
        "Fetch the public folder {wildcards.path}"
    script:
        "../../scripts/public_data.py"


rule index_bam:
    input:
        f"{study.PUBLIC_FILES}/{{path}}.bam",
    output:
        f"{study.PUBLIC_FILES}/{{path}}.bam.bai",
    log:
        f"{study.PUBLIC}/logs/{{path}}.bai.log",
    conda:
        "../../envs/singlecell.yaml"
    message:
        "Index {input}"
    script:
        "../../scripts/index_bam.py"


rule genome_world:
    output:
        files=SEQ_IN.world_files,
        folders=[directory(path) for path in SEQ_IN.world_folders],
    log:
        f"{LOGS}/genome_world.log",
    benchmark:
        f"{BENCHMARKS}/genome_world.tsv"
    conda:
        "../../envs/singlecell.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(30),
    params:
        settings=settings(SEQ.world),
        seed=CFG.seed,
        code=code("genome_world"),
    message:
        "Build the simulated genome world"
    script:
        "../../scripts/genome_world.py"


rule vivarium_world:
    output:
        files=CAGE_IN.world_files,
        folders=[directory(path) for path in CAGE_IN.world_folders],
    log:
        f"{LOGS}/vivarium_world.log",
    benchmark:
        f"{BENCHMARKS}/vivarium_world.tsv"
    conda:
        "../../envs/pose.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        settings=settings(CAGES.world),
        seed=CFG.seed,
        code=code("vivarium_world"),
    message:
        "Build the simulated vivarium"
    script:
        "../../scripts/vivarium_world.py"
