"""The picture of the clustering: cells by UMAP, coloured, shaped and numbered by cluster."""

import pandas as pd

from presage.report import style
from presage.report.style import Drawing

MARKERS = "osD^vPX"  # beside seven colours, so that 49 clusters differ without the colour being seen alone


def clusters(cells: pd.DataFrame, simulated: bool | None) -> Drawing:
    """``cells``: sample, barcode, cluster, x, y. Distances between far clusters in a UMAP mean nothing."""
    with style.style():
        figure = style.new_figure(f"{len(cells):,} cells without labels, clustered", 4.6, simulated, width=6.4)
        (axes,) = style.panels(figure, [1])
        size = 3.0 if len(cells) > 5000 else 9.0
        names = sorted(cells["cluster"].unique(), key=lambda name: int(name.split()[-1]))
        for number, name in enumerate(names):
            here = cells[cells["cluster"] == name]
            axes.scatter(
                here["x"],
                here["y"],
                s=size,
                color=style.CYCLE[number % len(style.CYCLE)],
                marker=MARKERS[(number // len(style.CYCLE) + number) % len(MARKERS)],
                linewidths=0,
                label=f"{name} ({len(here):,})",
                rasterized=True,  # 100,000 marks would make the SVG unusable; text stays text
            )
            box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0}
            axes.text(
                here["x"].median(),
                here["y"].median(),
                name.split()[-1],
                ha="center",
                va="center",
                weight="bold",
                bbox=box,
            )
        axes.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
        columns = 1 + (len(names) - 1) // 22
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), markerscale=1.6, ncols=columns, title="cells")
    return figure, cells
