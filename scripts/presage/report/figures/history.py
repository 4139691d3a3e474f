"""How a fit went: train and valid loss, and valid Pearson, over the optimiser's steps."""

import pandas as pd

from presage.report import style
from presage.report.style import Drawing

UNITS = {"mse": "squared coverage"}  # of the losses that are no log likelihood


def history(table: pd.DataFrame, title: str, kept: int, loss_kind: str, simulated: bool | None) -> Drawing:
    """``table``: the ``history`` table of one fit; ``kept``: the epoch whose weights were kept (0 = the start)."""
    lines = {split: table[table["split"] == split] for split in ("train", "valid")}
    step = lines["valid"].loc[lines["valid"]["epoch"] == kept, "step"]
    with style.style():
        figure = style.new_figure(title, 3.6, simulated, width=4.6)
        loss, pearson = style.panels(figure, [1, 1], sharex=True)
        for (split, rows), marker, dashes in zip(lines.items(), "so", ("--", "-")):
            colour = {"train": style.ORANGE, "valid": style.BLUE}[split]
            loss.plot(rows["step"], rows["loss"], marker=marker, linestyle=dashes, color=colour, label=split)
        pearson.plot(lines["valid"]["step"], lines["valid"]["pearson"], marker="o", color=style.BLUE)
        for axes in (loss, pearson):
            style.tidy(axes)
            for at in step:
                axes.axvline(at, color=style.MUTED, linestyle=":", linewidth=1, label=f"kept (epoch {kept})")
        loss.set(ylabel=f"loss per bin and track\n({UNITS.get(loss_kind, 'nats, up to a constant')})")
        pearson.set(xlabel="optimiser steps", ylabel="Pearson r of bins,\nmean over tracks (valid)")
        loss.legend(loc="best")
    return figure, table
