"""Draws the figures of a run, each with its numbers beside it; what cannot be drawn is named with the reason."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from presage.config.report import FIGURES, Report
from presage.report import alarm_figures, homecage_figures, sequence_figures
from presage.report.run import NOT_DRAWN, NoData, Run
from presage.report.style import MUTED, save, style

Draw = Callable[[Run, Report, bool | None], tuple[Figure, pd.DataFrame]]

DRAW: dict[str, Draw] = {
    "fig1_pseudobulk": sequence_figures.pseudobulk,
    "fig2_adapters": sequence_figures.adapters,
    "fig3_tracks": sequence_figures.example_tracks,
    "fig4_variants": sequence_figures.variants,
    "fig5_pose": homecage_figures.pose,
    "fig6_activity": homecage_figures.activity,
    "fig7_alarms": alarm_figures.alarms,
    "fig8_cage": homecage_figures.cage,
    "fig9_dss": alarm_figures.dss,
}


ALWAYS_REAL = {"fig9_dss"}  # published measurements, whatever the rest of the run is


def draw_figures(
    run: Run, out: str | Path, stems: Sequence[str], settings: Report, simulated: bool | None = None
) -> dict[str, str]:
    """Draw the figures ``stems`` of ``run`` into the folder ``out``: ``<stem>.svg``, ``.pdf``, ``.png``, ``.parquet``.

    The parquet file holds the plotted numbers. A figure without data becomes an empty sheet that says why, so that a
    run has all files that were announced. Returns stem -> that reason, empty where the figure was drawn. ``simulated``
    None asks the evaluation's tables.
    """
    reasons = {}
    for stem in stems:
        mark = run.simulated(FIGURES[stem]) if simulated is None else simulated
        mark = mark and stem not in ALWAYS_REAL
        try:
            with style():
                figure, data = DRAW[stem](run, settings, mark)
            reasons[stem] = ""
        except NoData as why:
            figure, data = _without_data(stem, str(why))
            reasons[stem] = str(why)
        save(figure, Path(out) / stem, data.assign(simulated=mark))
    return reasons


def _without_data(stem: str, reason: str) -> tuple[Figure, pd.DataFrame]:
    with style():
        figure = Figure(figsize=(4.8, 0.9))
        figure.text(0.5, 0.62, f"{stem} was not drawn", ha="center", fontweight="bold")
        figure.text(0.5, 0.32, textwrap.shorten(reason, 90), ha="center", color=MUTED)
    return figure, pd.DataFrame({NOT_DRAWN: [reason]})
