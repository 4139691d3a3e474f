"""Draws the figures of a run, each with its numbers beside it; what cannot be drawn is named with the reason."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from presage.config.report import FIGURES, Report
from presage.report.figures import (
    across_types,
    adapters,
    alarms,
    effects,
    generalisation,
    homecage,
    leakage,
    logos,
    overview,
    pose,
    pseudobulk,
    reach,
    tracks,
    trust,
)
from presage.report.figures.plot import Plot
from presage.report.run import NOT_DRAWN, NoData, Run
from presage.report.style import MUTED, save, style

Draw = Callable[[Run, Report, bool | None], tuple[Figure, pd.DataFrame]]

PLOTS: dict[str, Plot] = {
    "fig1_overview": Plot(overview.numbers, overview.draw),
    "fig2_adapters": Plot(adapters.numbers, adapters.draw),
    "fig3_tracks": Plot(tracks.numbers, tracks.draw),
    "fig4_across_types": Plot(across_types.numbers, across_types.draw),
    "fig5_variants": Plot(effects.numbers, effects.draw),
    "fig6_ism": Plot(logos.numbers, logos.draw),
    "fig7_generalisation": Plot(generalisation.numbers, generalisation.draw),
    "fig8_leakage": Plot(leakage.numbers, leakage.draw),
    "fig18_pseudobulk": Plot(pseudobulk.numbers, pseudobulk.draw),
}
"""Figures that can be drawn from their own numbers alone."""


def _of(plot: Plot) -> Draw:
    def draw(run: Run, settings: Report, simulated: bool | None) -> tuple[Figure, pd.DataFrame]:
        # As they come back from a file, so that a figure drawn from its file is the same.
        table = pa.Table.from_pandas(plot.numbers(run, settings), preserve_index=False)
        numbers = table.replace_schema_metadata().to_pandas()
        return plot.draw(numbers, simulated), numbers

    return draw


DRAW: dict[str, Draw] = {
    **{stem: _of(plot) for stem, plot in PLOTS.items()},
    "fig10_pose": pose.pose,
    "fig11_rhythms": homecage.activity,
    "fig12_alarms": alarms.alarms,
    "fig13_before": trust.before,
    "fig14_trust": trust.trust,
    "fig15_power": trust.power,
    "fig16_cage": homecage.cage,
    "fig17_dss": alarms.dss,
    "fig19_reach": reach.reach,
}


ALWAYS_REAL = {"fig17_dss"}  # published measurements, whatever the rest of the run is


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
