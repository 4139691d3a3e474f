"""Alarms as they were issued: one file for each model and cage-day, written once and never changed.

A rerun with the same model says the same of the same day. One that does not is a finding, not an update: the first
file stays, and the caller is told. Other hashes alone are none: readings of a later day change the data's hash.
"""

import datetime as dt
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from presage import tables

# What a later run may write differently while it judges the same.
BOOKKEEPING = ["explanation", "config_hash", "data_hash", "code_hash"]


def path(folder: str | Path, model_hash: str, date: dt.date) -> Path:
    """Where the alarms that model ``model_hash`` issued on cage-day ``date`` are kept."""
    return Path(folder) / model_hash / f"{date.isoformat()}.parquet"


def issue(folder: str | Path, model_hash: str, date: dt.date, alarms: pd.DataFrame) -> str:
    """Keep the ``alarms`` table (empty is an answer too) of one cage-day: ``written``, ``same`` or ``differs``.

    An existing file is never replaced. The file appears under its name complete or not at all, and of two jobs that
    write at the same time one wins.
    """
    target = path(folder, model_hash, date)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".parquet")
    os.close(handle)
    draft = Path(name)
    try:
        tables.write(draft, "alarms", alarms)
        draft.chmod(0o444)
        try:
            os.link(draft, target)  # unlike a rename, this fails when the file is there
            return "written"
        except FileExistsError:
            return "same" if _judged(draft).equals(_judged(target)) else "differs"
    finally:
        draft.unlink()


def _judged(file: Path) -> pd.DataFrame:
    return tables.read(file, "alarms").drop(columns=BOOKKEEPING)


def issue_all(folder: str | Path, issued: Iterable[tuple[str, dt.date, pd.DataFrame]]) -> dict[str, int]:
    """:func:`issue` for every (model hash, cage-day, alarms); counts of what happened."""
    counts = {"written": 0, "same": 0, "differs": 0}
    for model_hash, date, alarms in issued:
        counts[issue(folder, model_hash, date, alarms)] += 1
    return counts


def read(folder: str | Path) -> pd.DataFrame:
    """All issued alarms, with the cage-day ``issued`` on which each was."""
    parts = [
        tables.read(file, "alarms").assign(issued=dt.date.fromisoformat(file.stem))
        for file in sorted(Path(folder).glob("*/*.parquet"))
        if not file.name.startswith(".")
    ]
    return pd.concat(parts, ignore_index=True) if parts else tables.empty("alarms").assign(issued=[])
