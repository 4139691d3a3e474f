"""A study's cages as the judging steps need them: daily values, sheets and settings, read from a rule's inputs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from presage import tables
from presage.config.distress import Alarms, Compare, Detector
from presage.config.pose import Recording
from presage.homecage.detectors.judge import judge
from presage.homecage.detectors.models import Judged
from presage.homecage.readings.derived_events import with_derived
from presage.homecage.recordings.events import read_events
from presage.homecage.recordings.zeitgeber import Lights
from presage.provenance import content_hash, file_hash
from presage.sheets import Cage, read_cages


@dataclass(frozen=True)
class Study:
    """Daily values of all cages, who they are, what happened to them, and how they are judged."""

    daily: pd.DataFrame
    cages: list[Cage]
    events: pd.DataFrame
    recording: Recording
    detector: Detector
    alarms: Alarms
    config_hash: str
    data_hash: str

    @property
    def lights(self) -> Lights:
        """The room's lamps."""
        return Lights.of(self.recording)

    def judge(self, compare: Compare | None = None, apart: str = "cage") -> dict[str, Judged]:
        """Our detector and those to compare it with, each with its own dated models."""
        return judge(self.daily, self.cages, self.events, self.lights, self.detector, self.alarms, compare, apart)


def read_study(files: Any, params: Any) -> Study:
    """Read a rule's ``files`` (daily, derived; cages and events as lists that may be empty) and ``params``."""
    recording = Recording(**params.recording)
    derived = tables.read(files.derived, "events")
    cages = read_cages(Path(files.cages[0]))
    events = read_events(files.events[0] if files.events else None, recording.zone)
    settings = {"detector": params.detector, "alarms": params.alarms, "recording": params.recording}
    return Study(
        daily=tables.read(files.daily, "daily"),
        cages=cages,
        events=with_derived(events, derived),
        recording=recording,
        detector=Detector(**params.detector),
        alarms=Alarms(**params.alarms),
        config_hash=content_hash(settings),
        data_hash=content_hash([file_hash(path) for path in (files.daily, files.derived, *files.cages, *files.events)]),
    )
