"""Body parts and other sensors to behaviour, per minute and per cage-day.

REQUIRES <run>/homecage/pose/, and the sensor files of readings.sources
PRODUCES <run>/homecage/features/<cage>/<date>.parquet, <run>/homecage/quality.parquet,
    <run>/homecage/readings/{daily,hourly,events,urgent}.parquet
"""


rule homecage_features:
    input:
        pose=rules.homecage_pose.output.table,
        segments=rules.homecage_segments.output.table,
    output:
        table=f"{HOMECAGE}/features/{{cage}}/{{date}}.parquet",
    log:
        f"{LOGS}/homecage_features/{{cage}}.{{date}}.log",
    conda:
        "../../../envs/pose.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        settings=settings(CAGES.features),
        filters=settings(CAGES.pose.filters),
        recording=recording_settings(),
        sampling=settings(CAGES.pose.sampling),
        simulated=SIMULATED["homecage"],
        code=code("homecage_features"),
    message:
        "Compute the features of {wildcards.cage}, {wildcards.date}"
    script:
        "../../../scripts/homecage_features.py"


rule homecage_quality:
    input:
        features=cage_days("features"),
        segments=f"{HOMECAGE}/segments.parquet",
    output:
        table=f"{HOMECAGE}/quality.parquet",
    log:
        f"{LOGS}/homecage_quality.log",
    conda:
        "../../../envs/pose.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        settings=settings(CAGES.pose.faults),
        simulated=SIMULATED["homecage"],
        code=code("homecage_quality"),
    message:
        "Judge the recordings day by day"
    script:
        "../../../scripts/homecage_quality.py"


rule homecage_readings:
    input:
        features=cage_days("features"),
        sources=[source.path for source in CAGE_IN.sources],
    output:
        daily=f"{HOMECAGE}/readings/daily.parquet",
        hourly=f"{HOMECAGE}/readings/hourly.parquet",
        events=f"{HOMECAGE}/readings/events.parquet",
        urgent=f"{HOMECAGE}/readings/urgent.parquet",
    log:
        f"{LOGS}/homecage_readings.log",
    benchmark:
        f"{BENCHMARKS}/homecage_readings.tsv"
    conda:
        "../../../envs/tables.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        cages=[cage for cage, _ in CAGE_IN.cage_days],
        sources=[settings(source) for source in CAGE_IN.sources],
        temperature_fall=CAGES.readings.temperature_fall,
        urgent_hours=CAGES.alarms.urgent_hours,
        features=settings(CAGES.features),
        recording=recording_settings(),
        sampling=settings(CAGES.pose.sampling),
        simulated=SIMULATED["homecage"],
        code=code("homecage_readings"),
    message:
        "Bring all readings to one row a cage-day"
    script:
        "../../../scripts/homecage_readings.py"
