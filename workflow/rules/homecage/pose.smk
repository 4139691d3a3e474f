"""Video to body parts by one of the engines; finished pose is imported. One job is one cage-day.

REQUIRES a labelled DeepLabCut project (or a trained model's folder) where there is video
PRODUCES <run>/homecage/pose_model/, <run>/homecage/pose/<cage>/<date>.parquet; on demand nwb/<cage>/<date>.nwb and
    clips/<cage>/<start>_<seconds>s.mp4
"""


rule homecage_pose_train:
    input:
        project=optional(CAGE_IN.labelled),
    output:
        model=directory(f"{HOMECAGE}/pose_model"),
    log:
        f"{LOGS}/homecage_pose_train.log",
    benchmark:
        f"{BENCHMARKS}/homecage_pose_train.tsv"
    conda:
        "../../../envs/pose.yaml"
    threads: CFG.torch_threads
    resources:
        mem_mb=memory(8000),
        runtime=minutes(720),
        gpu=CFG.gpus,
    params:
        settings=settings(CAGES.pose, pose_config.TRAINING),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["homecage"],
        code=code("homecage_pose_train"),
    message:
        "Train the pose model on labelled frames"
    script:
        "../../../scripts/homecage_pose_train.py"


rule homecage_pose:
    input:
        segments=rules.homecage_segments.output.table,
        model=pose_model,
        recordings=recordings_to_make,
    output:
        table=f"{HOMECAGE}/pose/{{cage}}/{{date}}.parquet",
    log:
        f"{LOGS}/homecage_pose/{{cage}}.{{date}}.log",
    conda:
        "../../../envs/pose.yaml"
    threads: pose_threads
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
        gpu=pose_gpus,
    params:
        settings=settings(CAGES.pose, pose_config.INFERENCE),
        clock=clock(),
        torch_threads=CFG.torch_threads,
        seed=CFG.seed,
        simulated=SIMULATED["homecage"],
        code=code("homecage_pose"),
    message:
        "Find body parts of {wildcards.cage}, {wildcards.date}"
    script:
        "../../../scripts/homecage_pose.py"


rule homecage_pose_nwb:
    input:
        pose=rules.homecage_pose.output.table,
    output:
        file=f"{HOMECAGE}/nwb/{{cage}}/{{date}}.nwb",
    log:
        f"{LOGS}/homecage_pose_nwb/{{cage}}.{{date}}.log",
    conda:
        "../../../envs/pose.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        simulated=SIMULATED["homecage"],
        code=code("homecage_pose_nwb"),
    message:
        "Write the pose of {wildcards.cage}, {wildcards.date} as NWB"
    script:
        "../../../scripts/homecage_pose_nwb.py"


rule homecage_clip:
    input:
        pose=pose_of_clip,
        segments=segments_of_clip,
        world=CAGE_IN.world_recordings,
    output:
        film=f"{HOMECAGE}/clips/{{cage}}/{{start}}_{{seconds}}s.mp4",
    log:
        f"{LOGS}/homecage_clip/{{cage}}.{{start}}.{{seconds}}.log",
    wildcard_constraints:
        start=r"\d{8}T\d{6}Z",
        seconds=r"\d+",
    conda:
        "../../../envs/pose.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(30),
    params:
        features=settings(CAGES.features),
        filters=settings(CAGES.pose.filters),
        simulated=SIMULATED["homecage"],
        code=code("homecage_clip"),
    message:
        "Film {wildcards.seconds} s of {wildcards.cage} from {wildcards.start}"
    script:
        "../../../scripts/homecage_clip.py"
