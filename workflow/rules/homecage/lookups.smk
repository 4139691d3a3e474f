"""Paths and look-ups of the home-cage branch: cage-days, pose models, and its targets. Functions only."""


def cage_days(kind):
    """The files of one kind (segments, pose or features) over all cage-days."""
    return [
        f"{HOMECAGE}/{kind}/{cage}/{date}.parquet" for cage, date in CAGE_IN.cage_days
    ]


def manifest(wildcards):
    """One cage-day's segments, as parameters: path, size and mtime decide whether it reruns."""
    return CAGE_IN.manifest(wildcards.cage, wildcards.date)


def recordings_to_make(wildcards):
    """One cage-day's recordings that this workflow makes, or fetches from the data registry."""
    return CAGE_IN.recordings_to_make(wildcards.cage, wildcards.date)


def has_video(wildcards):
    """Whether a cage-day needs the pose model."""
    return CAGE_IN.has_video(wildcards.cage, wildcards.date)


def pose_model(wildcards):
    """The pose model's folder, where the cage-day has video."""
    return optional(
        CAGE_IN.pose_model(f"{HOMECAGE}/pose_model") if has_video(wildcards) else None
    )


def clock():
    """What a cage-day's beginning hangs on: time zone, lights on and off."""
    recording = CAGE_IN.recording
    return [recording.time_zone, recording.lights_on, recording.lights_off]


def pose_threads(wildcards):
    """Importing finished pose takes one thread."""
    return CFG.torch_threads if has_video(wildcards) else 1


def pose_gpus(wildcards):
    """Importing finished pose takes no GPU."""
    return CFG.gpus if has_video(wildcards) else 0


def pose_of_clip(wildcards):
    """The pose of the cage-day that a clip begins in."""
    return f"{HOMECAGE}/pose/{wildcards.cage}/{CAGE_IN.day_of_clip(wildcards.cage, wildcards.start)}.parquet"


def segments_of_clip(wildcards):
    """Its segments."""
    return f"{HOMECAGE}/segments/{wildcards.cage}/{CAGE_IN.day_of_clip(wildcards.cage, wildcards.start)}.parquet"


def clips():
    """Films that the config asks for; any other can be asked for by its name."""
    wanted = CFG.homecage.clips if CFG.homecage else ()
    return [
        f"{HOMECAGE}/clips/{clip.cage}/{clip.name(CFG.homecage.recording.zone)}.mp4"
        for clip in wanted
    ]


def reference_pose():
    """Our pose of the cage-day that is compared with a published one."""
    reference = CAGES.pose.reference
    return (
        [f"{HOMECAGE}/pose/{reference.cage}/{reference.date}.parquet"]
        if reference
        else []
    )


def recording_settings():
    """Clock, lights and schedule. What to do with a bad file is nothing to those that were good: a job asks the config."""
    own = settings(CAGE_IN.recording)
    return {key: own[key] for key in own if key != "on_bad_segment"}


def judged_only(path):
    """An input that exists only where there are cages to judge."""
    return path if HAS_CAGES else []


def homecage_tables():
    """Tables of the home-cage branch; nothing when it is not configured."""
    if CFG.homecage is None:
        return []
    tables = [f"{HOMECAGE}/distress/evaluation.parquet"]
    tables += (
        [
            f"{HOMECAGE}/{name}.parquet"
            for name in ("segments", "quality", "readings/daily")
        ]
        if CAGE_IN.cage_days
        else []
    )
    return tables


def morning_targets():
    """The page that is opened each morning; a run without cages of its own has none."""
    return [f"{HOMECAGE}/morning.html"] if HAS_CAGES else []


def homecage_targets():
    """Everything of the home-cage branch but its figures."""
    return [*homecage_tables(), *morning_targets(), *clips()]
