"""What is evaluated of a run: its own cages, also with a strain or site left out, and healthy mice from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from presage import tables
from presage.config.distress import Alarms, Compare, Detector, Source
from presage.config.pose import Recording
from presage.homecage.detectors.models import Judged
from presage.homecage.detectors.study import Study
from presage.homecage.evaluation.evaluate import evaluate_cages
from presage.homecage.evaluation.evaluation_table import frame
from presage.homecage.evaluation.healthy import evaluate_healthy
from presage.homecage.evaluation.left_out import left_out_rows
from presage.homecage.evaluation.lost_hours import DAMAGES, lose
from presage.homecage.readings.daily import to_daily
from presage.homecage.readings.importers import UNDATED_LIGHTS, read_source
from presage.homecage.recordings.zeitgeber import Lights
from presage.sheets import Cage


def evaluate_study(
    study: Study, compare: Compare, *, truth: Sequence[str], simulated: bool, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ``lead_time`` and ``evaluation`` tables of the study's own cages.

    ``truth``: folders of a simulated world that say when illness began, and what other technicians would have noted.
    """

    def told(name: str) -> list[pd.DataFrame]:
        return [tables.read(f"{folder}/{name}.parquet", "events") for folder in truth]

    events = pd.concat([study.events, *told("events")], ignore_index=True)
    about = (study.cages, events, study.lights, study.alarms)
    common: dict[str, Any] = {"latency_minutes": study.recording.latency_minutes, "simulated": simulated, "seed": seed}
    technicians = pd.concat(told("technician"), ignore_index=True) if truth else None
    judged = study.judge(compare)
    leads, rows = evaluate_cages(judged, *about, power=compare.power, technicians=technicians, **common)

    def without(cages: Sequence[Cage], by: str) -> Mapping[str, Judged]:
        return replace(study, cages=list(cages)).judge(compare, by)

    apart = left_out_rows(without, *about, **common)
    return leads, pd.concat([rows, frame(apart)], ignore_index=True) if apart else rows


def evaluate_source(
    source: Source, recording: Recording, detector: Detector, alarms: Alarms, seed: int
) -> pd.DataFrame:
    """The ``evaluation`` rows of healthy mice from elsewhere; with hours lost too, where readings are by the hour."""
    own = source.kind in ("readings", "table")
    lights = Lights.of(recording) if own else UNDATED_LIGHTS
    rows = read_source(source, recording.zone)
    daily = to_daily(rows, lights=lights, source=source.name)
    feature = source.activity.split("_", 1)[1]
    damaged = {}
    if (rows["resolution_s"] <= 3600.0).all():
        mine = rows[rows["name"] == feature]
        for damage in DAMAGES:
            lost = lose(mine, feature, lights, damage, seed)
            damaged[str(damage)] = to_daily(lost, lights=lights, source=source.name)
    return evaluate_healthy(daily, source.activity, detector, alarms, name=source.name, damaged=damaged, seed=seed)
