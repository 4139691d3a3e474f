"""Input paths of the home-cage branch."""

import functools
import json
import os
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from presage import recording_pattern, sheets
from presage.config.distress import Source
from presage.config.pose import Recording
from presage.config.root import HomeCage
from presage.errors import UserError
from presage.homecage.pose import body_parts
from presage.homecage.recordings.clock import cage_day, to_utc
from presage.sheets import Segment
from presage.study.paths import PUBLIC, located


class HomeCageInputs:
    """Input paths of the home-cage branch."""

    def __init__(self, config: HomeCage, world_folder: str) -> None:
        self.config, self.world, self.folder = config, config.world, world_folder

    @property
    def cages(self) -> str | None:
        """The cage sheet."""
        return f"{self.folder}/cages.tsv" if self.world else self.config.cages

    @property
    def events(self) -> str | None:
        """The events sheet."""
        return f"{self.folder}/events.tsv" if self.world else self.config.events

    @property
    def labelled(self) -> str | None:
        """The labelled DeepLabCut project that the pose model is trained on."""
        if self.world:
            return f"{self.folder}/labelled"
        return located(self.config.pose.project) if self.config.pose.project else None

    @functools.cached_property
    def segments(self) -> dict[tuple[str, str], list[Segment]]:
        """The user's segments by (cage, cage-day); empty for the built-in world, whose settings give the cage-days."""
        if self.world or self.config.segments is None:
            return {}
        days: dict[tuple[str, str], list[Segment]] = defaultdict(list)
        zone, lights_on = self.config.recording.zone, self.config.recording.lights_on_time

        @functools.cache  # the cages of a colony share their hours
        def day_of(start: str) -> str:
            return cage_day(to_utc(start, zone, self.config.segments), zone, lights_on).isoformat()

        cages = {cage.cage for cage in sheets.read_cages(Path(self.config.cages))} if self.config.cages else None
        for row in self._recordings.segments:
            if cages is not None:
                sheets.require_cage(row.cage, cages, str(self.config.segments))
            if row.path.lower().endswith(".csv") and not row.fps:
                raise UserError(
                    row.path, "is a pose file without a frame rate", "list it in a segments sheet with a column fps"
                )
            path = located(row.path)
            days[row.cage, day_of(row.start)].append(row if path == row.path else replace(row, path=path))
        return dict(days)

    @functools.cached_property
    def _recordings(self) -> recording_pattern.Found:
        given = self.config.segments or ""
        if recording_pattern.is_pattern(given):
            return recording_pattern.find(given)
        return recording_pattern.Found(sheets.read_segments(Path(given)), [])

    @property
    def unmatched(self) -> list[str]:
        """Recordings whose names do not fit the pattern: no job sees them, so the run says so."""
        return [] if self.world or self.config.segments is None else self._recordings.unmatched

    @property
    def cage_days(self) -> list[tuple[str, str]]:
        """Every (cage, cage-day) with segments: the unit of a job."""
        return list(self.world.video_cage_days) if self.world else sorted(self.segments)

    def manifest(self, cage: str, date: str) -> str:
        """One cage-day's segments as a parameter, not as declared inputs, which cost more of everything.

        JSON rows of cage, start, path, fps, size and mtime: in a colony's plan, text takes half the memory of lists.
        """
        rows: list[list[object]] = []
        for s in self.segments.get((cage, date), []):
            if s.path.startswith(PUBLIC):
                rows.append([s.cage, s.start, s.path, s.fps, None, None])
                continue
            try:
                stat = os.stat(s.path)  # noqa: PTH116 (72,000 of them)
            except FileNotFoundError:
                raise UserError(
                    s.path, "has vanished since the sheet was read", "restore it or remove its row"
                ) from None
            rows.append([s.cage, s.start, s.path, s.fps, stat.st_size, int(stat.st_mtime)])
        return json.dumps(rows)

    def paths(self, cage: str, date: str) -> list[str]:
        """Files of one cage-day, as far as the sheet tells (the built-in world's are known to its jobs only)."""
        return [segment.path for segment in self.segments.get((cage, date), [])]

    def recordings_to_make(self, cage: str, date: str) -> list[str]:
        """Recordings that a cage-day's job reads and a rule makes: the vivarium world's, or public ones."""
        if self.world:
            return self.world_recordings
        return [path for path in self.paths(cage, date) if path.startswith(PUBLIC)]

    def has_video(self, cage: str, date: str) -> bool:
        """Whether a cage-day holds video, which needs the pose model."""
        if self.world:
            return (cage, date) in self._rendered
        return any(Path(path).suffix.lower() in sheets.VIDEO for path in self.paths(cage, date))

    @functools.cached_property
    def _rendered(self) -> set[tuple[str, str]]:
        return set(self.world.rendered_cage_days) if self.world else set()

    def day_of_clip(self, cage: str, start: str) -> str:
        """Cage-day that a clip's ``start`` (20260501T200000Z) lies in. Raises :class:`UserError` without recordings."""
        recording = self.recording
        moment = datetime.strptime(start, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        day = cage_day(moment, recording.zone, recording.lights_on_time).isoformat()
        if (cage, day) not in self.cage_days:
            raise UserError(
                f"clip of cage {cage} at {start}", f"no recording of its cage-day, {day}", "choose another cage or time"
            )
        return day

    def pose_model(self, trained: str) -> str:
        """Folder of the pose model: ``trained`` when this run trains or fetches it, else the one that the config names.

        Raises :class:`UserError` when there is video but neither.
        """
        if self.labelled or (self.config.pose.engine == "superanimal" and self.config.pose.model is None):
            return trained
        if self.config.pose.model is None:
            raise UserError("config key homecage.pose", "there is video but no model", "set pose.project or pose.model")
        return self.config.pose.model

    @property
    def pose_reference(self) -> str | None:
        """Pose of one cage-day by somebody else."""
        reference = self.config.pose.reference
        return located(reference.path) if reference else None

    @property
    def recording(self) -> Recording:
        """Clock, lights and schedule: the built-in world brings its own."""
        if self.world is None:
            return self.config.recording
        return Recording(
            time_zone=self.world.time_zone,
            lights_on=self.world.lights_on,
            lights_off=self.world.lights_off,
            schedule_period_s=self.world.schedule_period_s,
            schedule_length_s=self.world.schedule_length_s,
            on_bad_segment=self.config.recording.on_bad_segment,
        )

    @property
    def world_files(self) -> list[str]:
        """Sheets of the vivarium world."""
        names = ("segments.tsv", "cages.tsv", "events.tsv", "weights.tsv")
        return [f"{self.folder}/{name}" for name in names] if self.world else []

    @property
    def world_folders(self) -> list[str]:
        """Folders of the vivarium world."""
        names = ("video", "pose", "labelled", "readings", "truth")
        return [f"{self.folder}/{name}" for name in names] if self.world else []

    @property
    def world_recordings(self) -> list[str]:
        """What a cage-day's job of the vivarium world reads; its sheet comes first."""
        return [f"{self.folder}/{name}" for name in ("segments.tsv", "video", "pose")] if self.world else []

    @property
    def sources(self) -> list[Source]:
        """Readings that come from other sensors."""
        own = [s.model_copy(update={"path": located(s.path)}) for s in self.config.readings.sources]
        if self.world:
            own.append(Source(name="colony", kind="readings", path=f"{self.folder}/readings"))
        return own

    @property
    def truth(self) -> list[str]:
        """True onsets, in the built-in world: for evaluation only, never for judging."""
        return [f"{self.folder}/truth"] if self.world else []

    @property
    def dss_files(self) -> dict[str, str]:
        """Files of the DSS protocol: the healthy mice that fix the detector, and the DSS mice."""
        dss = self.config.dss
        return {"healthy": located(dss.healthy), "path": located(dss.path)} if dss else {}

    def check(self) -> None:
        """Resolve everything once, so that a bad sheet or name stops before any job. Raises :class:`UserError`."""
        if not self.world:
            known = {cage.cage for cage in sheets.read_cages(Path(self.cages))} if self.cages else None
            for number, row in sheets.read_events(Path(self.events), known) if self.events else ():
                to_utc(row.time_utc, self.recording.zone, f"{self.events} row {number}, column time_utc")
        _ = self.segments, self.sources, self.dss_files, self.labelled
        self._check_body_parts()

    def _check_body_parts(self) -> None:
        """The features' body parts are among those of the project, the model or the first pose table that is here."""
        pose = self.config.pose
        wanted = body_parts.named(self.config.features, pose.filters)
        if self.world:
            return
        tables = (row.path for rows in self.segments.values() for row in rows if row.path.lower().endswith(".csv"))
        if first := next((path for path in tables if not path.startswith(PUBLIC)), None):
            body_parts.check(body_parts.of_table(first), wanted, first)
        if pose.engine != "dlc":
            return
        if self.labelled and not self.labelled.startswith(PUBLIC):
            body_parts.check(body_parts.project_config(self.labelled)["bodyparts"], wanted, self.labelled)
        if pose.model is not None:
            body_parts.check(body_parts.model_card(pose.model)["bodyparts"], wanted, pose.model)
