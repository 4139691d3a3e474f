"""From each cage's own baseline to scores and alarms.

REQUIRES <run>/homecage/readings/{daily,hourly,urgent}.parquet, the cage sheet (who may set the threshold), the events
PRODUCES <run>/homecage/distress/{scores,alarms,reasons}.parquet, model/; <run>/homecage/ledger/<model_hash>/<date>.parquet (once)
"""


rule homecage_distress:
    input:
        daily=rules.homecage_readings.output.daily,
        hourly=rules.homecage_readings.output.hourly,
        urgent=rules.homecage_readings.output.urgent,
        cages=optional(CAGE_IN.cages),
        events=optional(CAGE_IN.events),
        derived=rules.homecage_readings.output.events,
    output:
        scores=f"{HOMECAGE}/distress/scores.parquet",
        alarms=f"{HOMECAGE}/distress/alarms.parquet",
        reasons=f"{HOMECAGE}/distress/reasons.parquet",
        model=directory(f"{HOMECAGE}/distress/model"),
    log:
        f"{LOGS}/homecage_distress.log",
    benchmark:
        f"{BENCHMARKS}/homecage_distress.tsv"
    conda:
        "../../../envs/tables.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        detector=settings(CAGES.detector),
        alarms=settings(CAGES.alarms),
        recording=recording_settings(),
        ledger=f"{HOMECAGE}/ledger",
        seed=CFG.seed,
        simulated=SIMULATED["homecage"],
        code=code("homecage_distress"),
    message:
        "Judge every cage-day against its own baseline"
    script:
        "../../../scripts/homecage_distress.py"
