"""Which recordings there are, day by day, and which of them can be used.

REQUIRES the segments sheet, or the built-in vivarium
PRODUCES <run>/homecage/segments/<cage>/<date>.parquet, <run>/homecage/segments.parquet
"""


rule homecage_segments:
    input:
        recordings=recordings_to_make,
    output:
        table=f"{HOMECAGE}/segments/{{cage}}/{{date}}.parquet",
    log:
        f"{LOGS}/homecage_segments/{{cage}}.{{date}}.log",
    conda:
        "../../../envs/pose.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        manifest=manifest,
        recording=recording_settings(),
        simulated=SIMULATED["homecage"],
        code=code("homecage_segments"),
    message:
        "Probe the segments of {wildcards.cage}, {wildcards.date}"
    script:
        "../../../scripts/homecage_segments.py"


rule homecage_segments_all:
    input:
        days=cage_days("segments"),
    output:
        table=f"{HOMECAGE}/segments.parquet",
    log:
        f"{LOGS}/homecage_segments_all.log",
    conda:
        "../../../envs/pose.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        unmatched=CAGE_IN.unmatched,
        simulated=SIMULATED["homecage"],
        code=code("homecage_segments_all"),
    message:
        "Sum up all segments"
    script:
        "../../../scripts/homecage_segments_all.py"
