"""The tables of one run: where each lies, read once, or the reason why it is not there."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage import tables
from presage.homecage.readings.derived_events import with_derived

# name -> (path below results/<run>/, table of presage.tables or "" where the columns are free)
FILES = {
    "genes": ("sequence/reference/genes.parquet", "genes"),
    "windows": ("sequence/reference/windows.parquet", "windows"),
    "cells": ("sequence/pseudobulk/cells.parquet", "cells"),
    "tracks": ("sequence/pseudobulk/tracks.parquet", "tracks"),
    "markers": ("sequence/labels/markers.parquet", ""),
    "scores": ("sequence/variants/*/scores.parquet", "scores"),
    "dropped": ("sequence/variants/*/dropped.parquet", "dropped"),
    "metrics": ("sequence/evaluate/metrics.parquet", "metrics"),
    "gene_head_evaluation": ("sequence/gene_head/evaluation.parquet", "metrics"),
    "cells_evaluation": ("sequence/cells/evaluation.parquet", "metrics"),
    "generalise": ("sequence/evaluate/generalise.parquet", "generalise"),
    "mpra": ("sequence/mpra/agreement.parquet", "mpra"),
    "leakage": ("sequence/evaluate/leakage.parquet", "leakage"),
    "roc": ("sequence/evaluate/roc.parquet", ""),
    "examples": ("sequence/evaluate/examples.parquet", ""),
    "truth_variants": ("worlds/genome/truth/variants.parquet", "truth_variants"),
    "segments": ("homecage/segments.parquet", "segments"),
    "quality": ("homecage/quality.parquet", "quality"),
    "daily": ("homecage/readings/daily.parquet", "daily"),
    "derived_events": ("homecage/readings/events.parquet", "events"),
    "hourly": ("homecage/readings/hourly.parquet", "hourly"),
    "distress": ("homecage/distress/scores.parquet", "distress_scores"),
    "alarms": ("homecage/distress/alarms.parquet", "alarms"),
    "reasons": ("homecage/distress/reasons.parquet", "reasons"),
    "lead_time": ("homecage/distress/lead_time.parquet", "lead_time"),
    "evaluation": ("homecage/distress/evaluation.parquet", "evaluation"),
}

OURS = "ours"  # the name of our detector in the evaluation table
NOT_DRAWN = "not_drawn"  # the one column of the numbers of a figure that has none: why


def card_of(path: Path) -> dict[str, Any]:
    """An adapter's card (``adapt/<name>/seed<k>/card.json``) with ``name`` and ``seed`` of its folder."""
    folder = {"name": path.parent.parent.name, "seed": int(path.parent.name.removeprefix("seed"))}
    return {**json.loads(path.read_text()), **folder}


class NoData(Exception):
    """Why something cannot be shown: a branch that was not run, a table that is absent or empty."""


class Run:
    """Reads the tables of ``folder`` (``results/<run>``); a missing one raises :class:`NoData` with the reason.

    ``events`` is the table of that name; it comes from the user's sheet, not from the run.
    """

    def __init__(self, folder: str | Path, events: pd.DataFrame | None = None) -> None:
        self.folder = Path(folder)
        self._events = tables.empty("events") if events is None else events
        self.table = cache(self._table)

    @property
    def events(self) -> pd.DataFrame:
        """The events given, those that sensors and weighings tell, and those that only the evaluation knows.

        The true onset is in no user's sheet. An event that the evaluation tells of an animal and the sheet of its
        cage is the sheet's.
        """
        derived = self.optional("derived_events")
        known = with_derived(self._events, tables.empty("events") if derived is None else derived)
        lead = self.optional("lead_time")
        parts = [known]
        if lead is not None and len(lead):
            judged = lead.rename(columns={"event_utc": "time_utc", "event": "kind"})
            onset = lead.assign(kind="onset", time_utc=lead["onset_utc"]).dropna(subset=["time_utc"])
            parts += [part[["cage", "animal", "time_utc", "kind"]] for part in (judged, onset) if len(part)]
        # Sheets may come in other time units; mixed ones would be objects.
        parts = [part.assign(time_utc=part["time_utc"].astype("datetime64[us, UTC]")) for part in parts if len(part)]
        joined = pd.concat(parts or [known], ignore_index=True)
        told = pd.MultiIndex.from_frame(joined[["cage", "kind", "time_utc"]])
        joined = joined[(np.arange(len(joined)) < len(known)) | ~told.isin(told[: len(known)])]
        joined = joined.drop_duplicates(["cage", "animal", "kind", "time_utc"], ignore_index=True)
        return joined.reindex(columns=self._events.columns)

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    def branches(self) -> list[str]:
        """The branches that left something."""
        return [branch for branch in ("sequence", "homecage") if (self.folder / branch).is_dir()]

    def _table(self, name: str) -> pd.DataFrame:
        """The table called ``name`` in ``FILES``. Files of a pattern are stacked, their folder as column ``set``."""
        pattern, schema = FILES[name]
        paths = sorted(self.folder.glob(pattern))
        if not paths:
            raise NoData(f"{pattern} is not there")
        frames = [tables.read(path, schema) if schema else pq.read_table(path).to_pandas() for path in paths]
        if "*" in pattern:
            frames = [frame.assign(set=path.parent.name) for path, frame in zip(paths, frames)]
        # Frames without rows would turn the types of the others into object.
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        return pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0]

    def rows(self, name: str) -> pd.DataFrame:
        """As :meth:`table`, but an empty one raises :class:`NoData` too."""
        frame = self.table(name)
        if frame.empty:
            raise NoData(f"{FILES[name][0]} has no rows")
        return frame

    def optional(self, name: str) -> pd.DataFrame | None:
        """As :meth:`table`, None where it is absent."""
        try:
            return self.table(name)
        except NoData:
            return None

    def json(self, path: str) -> dict[str, Any]:
        """A JSON file below the run's folder."""
        file = self.folder / path
        if not file.is_file():
            raise NoData(f"{path} is not there")
        return json.loads(file.read_text())

    def regions(self) -> list[tuple[str, pd.DataFrame]]:
        """The `ism` table of each saturated region, by name."""
        pictures = sorted(self.folder.glob("sequence/ism/*.svg"))
        found = [(path.stem, path.with_suffix(".parquet")) for path in pictures]
        return [(name, tables.read(path, "ism")) for name, path in found if path.is_file()]

    def cards(self) -> list[dict[str, Any]]:
        """The cards of the adapters by name and seed, with ``name`` and ``seed`` of their folder."""
        return [card_of(path) for path in sorted(self.folder.glob("sequence/adapt/*/seed*/card.json"))]

    @property
    def measured(self) -> bool:
        """Whether the sequence branch had coverage or counts of its own."""
        return any((self.folder / "sequence" / name).exists() for name in ("pseudobulk", "tfrecords"))

    def figure_reason(self, stem: str) -> str:
        """Why the figure ``stem`` could not be drawn; empty where it was."""
        path = self.folder / f"figures/{stem}.parquet"
        if not path.is_file():
            return "it is not among this run's figures"
        table = pq.read_table(path)
        return table[NOT_DRAWN][0].as_py() if NOT_DRAWN in table.column_names else ""

    def simulated(self, branch: str) -> bool | None:
        """Whether the branch's evaluation speaks of a simulated world; None where no table says."""
        frame = self.optional({"sequence": "metrics", "homecage": "evaluation"}[branch])
        if frame is None or frame.empty:
            return None
        return bool(frame["simulated"].any())
