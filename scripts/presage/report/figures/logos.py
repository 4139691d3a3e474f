"""fig6: which bases matter, cell type by cell type: logos of importance of saturated regions."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from presage.config.ism import Picture
from presage.config.report import Report
from presage.report import style
from presage.report.figures.ism import limits, logo, shown_tracks
from presage.report.figures.plot import stacked
from presage.report.run import NoData, Run
from presage.sequence.mutagenesis.seqlets import importance

REGIONS, TYPES = 2, 4  # that are shown
WIDEST = 130  # bp; of a longer region the stretch around the most important base


def numbers(run: Run, settings: Report) -> pd.DataFrame:
    """``region chrom pos base track cell_type importance``: of each region the cell types where it acts most."""
    parts = []
    for name, table in run.regions()[:REGIONS]:
        if table.empty:
            continue
        for track in shown_tracks(table, Picture(cell_types=TYPES)):
            rows = table[table["track"] == track]
            held = importance(rows)
            base = rows.drop_duplicates("pos").set_index("pos")["ref"].reindex(held.index)
            own = {"pos": held.index, "base": base.to_numpy(object), "importance": held.to_numpy(float)}
            part = pd.DataFrame({**own, "region": name, "chrom": rows["chrom"].iloc[0], "track": track})
            parts.append(part.assign(cell_type=rows["cell_type"].iloc[0]))
    if not parts:
        raise NoData("no region was saturated (config key sequence.ism.regions)")
    table = pd.concat(parts, ignore_index=True)
    return stacked(logos=pd.concat([_widest(rows) for _, rows in table.groupby("region", sort=False)]))


def _widest(rows: pd.DataFrame) -> pd.DataFrame:
    best = int(rows["pos"].to_numpy()[rows["importance"].abs().to_numpy().argmax()])
    low = min(max(best - WIDEST // 2, rows["pos"].min()), max(rows["pos"].max() + 1 - WIDEST, rows["pos"].min()))
    return rows[(rows["pos"] >= low) & (rows["pos"] < low + WIDEST)]


def draw(numbers: pd.DataFrame, simulated: bool | None) -> Figure:
    """A row for each region and cell type; rows of a region share their scale."""
    keys = list(dict.fromkeys(zip(numbers["region"], numbers["track"])))
    figure = style.new_figure("Which bases matter, by cell type", 0.9 + 0.95 * len(keys), simulated)
    for axes, (region, track) in zip(style.panels(figure, [1] * len(keys)), keys):
        rows = numbers[(numbers["region"] == region) & (numbers["track"] == track)].sort_values("pos")
        same = numbers[numbers["region"] == region]
        held = rows.set_index("pos")["importance"]
        logo(axes, rows.rename(columns={"base": "ref"}), held, limits([same["importance"]]))
        axes.set_title(f"{rows['cell_type'].iloc[0]}  ({region}, {track.replace('_', ' ')})", fontsize=7.5)
        axes.set_xlim(held.index.min() - 0.5, held.index.max() + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        last = (region, track) == [key for key in keys if key[0] == region][-1]
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel(f"position on {rows['chrom'].iloc[0]} (bp, 0-based)")
    return figure
