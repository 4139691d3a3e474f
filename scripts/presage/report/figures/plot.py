"""What a numbered figure is: numbers taken from a run, and a drawing that needs nothing but them."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from presage.config.report import Report
from presage.report.run import Run


class Plot(NamedTuple):
    """``numbers`` raises :class:`~presage.report.run.NoData` where the run has none; ``draw`` takes them, also when
    they come back from a file, and whether they are simulated (None: not known)."""

    numbers: Callable[[Run, Report], pd.DataFrame]
    draw: Callable[[pd.DataFrame, bool | None], Figure]


def panel(numbers: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one panel, without columns that it does not use."""
    rows = numbers[numbers["panel"] == name]
    return rows.dropna(axis=1, how="all").drop(columns="panel", errors="ignore").reset_index(drop=True)


def stacked(**panels: pd.DataFrame) -> pd.DataFrame:
    """Panels below each other, named in the column ``panel``; empty ones are left out."""
    filled = [frame.assign(panel=name) for name, frame in panels.items() if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame({"panel": []})
