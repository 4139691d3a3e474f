"""Detection, lead time and false alarms, at stated alarm budgets.

REQUIRES <run>/homecage/distress/, the events; the truth in the built-in world; the published mice for the DSS protocol
PRODUCES <run>/homecage/distress/{lead_time,evaluation}.parquet
"""


rule homecage_evaluate:
    input:
        daily=judged_only(rules.homecage_readings.output.daily),
        scores=judged_only(rules.homecage_distress.output.scores),
        cages=optional(CAGE_IN.cages),
        events=optional(CAGE_IN.events),
        derived=judged_only(rules.homecage_readings.output.events),
        truth=CAGE_IN.truth,
        healthy=[source.path for source in CAGE_IN.sources if source.role == "healthy"],
        pose=reference_pose(),
        pose_reference=optional(CAGE_IN.pose_reference),
        dss=list(CAGE_IN.dss_files.values()),
    output:
        lead_time=f"{HOMECAGE}/distress/lead_time.parquet",
        evaluation=f"{HOMECAGE}/distress/evaluation.parquet",
    log:
        f"{LOGS}/homecage_evaluate.log",
    benchmark:
        f"{BENCHMARKS}/homecage_evaluate.tsv"
    conda:
        "../../../envs/tables.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        detector=settings(CAGES.detector),
        compare=settings(CAGES.compare),
        alarms=settings(CAGES.alarms),
        recording=recording_settings(),
        sources=[settings(source) for source in CAGE_IN.sources],
        dss=settings(CAGES.dss),
        seed=CFG.seed,
        simulated=SIMULATED["homecage"],
        code=code("homecage_evaluate"),
    message:
        "Evaluate alarms: detection, lead time, false alarms"
    script:
        "../../../scripts/homecage_evaluate.py"
