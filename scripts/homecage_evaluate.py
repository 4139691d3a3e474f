"""homecage_evaluate: how early, how surely and at what price in false alarms; and the published mice."""

from pathlib import Path
from typing import Any

from presage.entry import Job, main


def run(job: Job) -> None:
    """Evaluate the study's own cages, healthy sources leave-one-out, and the DSS protocol, as far as they are there."""
    import pandas as pd

    from presage import tables
    from presage.config.distress import Alarms, Compare, Detector, Dss, Source
    from presage.config.pose import Recording
    from presage.homecage.detectors.study import read_study
    from presage.homecage.evaluation.dss import evaluate_dss
    from presage.homecage.evaluation.evaluate_study import evaluate_source, evaluate_study

    recording = Recording(**job.params.recording)
    detector, alarms, seed = Detector(**job.params.detector), Alarms(**job.params.alarms), job.params.seed
    leads, rows = [tables.empty("lead_time")], [tables.empty("evaluation")]
    if job.input.scores:
        study, compare = read_study(job.input, job.params), Compare(**job.params.compare)
        lead, table = evaluate_study(study, compare, truth=job.input.truth, simulated=job.params.simulated, seed=seed)
        leads, rows = [*leads, lead], [*rows, table]
    for source in (Source(**source) for source in job.params.sources):
        if source.role == "healthy":
            rows.append(evaluate_source(source, recording, detector, alarms, seed))
    if job.input.pose_reference:
        rows.append(against_reference(job.input.pose[0], job.input.pose_reference[0]))
    if job.params.dss:
        dss = Dss(**job.params.dss)
        healthy, path = map(Path, job.input.dss)
        table, lead, _ = evaluate_dss(healthy, path, detector, dss.budget, alarms.merge_gap_days, seed)
        leads, rows = [*leads, lead], [*rows, table]
    for name, parts in (("lead_time", leads), ("evaluation", rows)):
        data = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        tables.write(getattr(job.output, name), name, data, job.provenance())


def against_reference(pose: str, reference: str) -> Any:
    """Rows of the evaluation table: our pose of one video against the pose that somebody published of it."""
    from presage.homecage.evaluation.evaluation_table import frame, row
    from presage.homecage.pose import quality
    from presage.homecage.pose.evaluate import distance_to_reference
    from presage.homecage.pose_files import readers
    from presage.homecage.pose_files.pose_file import ONLY_ANIMAL, PoseFile

    day = quality.load(pose)
    ours = PoseFile(day.xy[:, None], day.likelihood[:, None], (ONLY_ANIMAL,), day.bodyparts)
    note = "frames with reference likelihood > 0.9; the reference is another model's pose, not the truth"
    rows = []
    for part in distance_to_reference(ours, readers.read(reference)).to_dict("records"):
        common = {"group": part["bodypart"], "budget": None, "n": part["n_frames"], "note": note, "simulated": False}
        rows.append(row("pose_reference_distance_px", "pose", part["median_px"], unit="px", **common))
        rows.append(row("pose_path_length_ratio", "pose", part["path_ratio"], unit="1", **common))
    return frame(rows)


if "snakemake" in globals():
    main(run, snakemake)  # noqa: F821
