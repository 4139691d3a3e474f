"""Reads by fate, as bars and as colours: shared by the figure and the page."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from presage.report import style
from presage.report.metric_rows import thousands
from presage.report.run import NoData


def reads_by_fate(qc: dict[str, Any]) -> pd.DataFrame:
    """``qc.json`` as rows of sample, fate, reads; ``used`` first, then the other fates by size."""
    rows = [
        {"sample": sample, "fate": fate, "reads": int(n)}
        for sample, entry in qc["samples"].items()
        for fate, n in entry.get("reads", {}).items()
    ]
    if not rows:
        raise NoData("qc.json counts no reads")
    frame = pd.DataFrame(rows)
    size = frame.groupby("fate")["reads"].sum().sort_values(ascending=False)
    order = [f for f in size.index if f == "used"] + [f for f in size.index if f != "used" and size[f]]
    frame = frame[frame["fate"].isin(order)]
    return frame.assign(rank=frame["fate"].map(order.index)).sort_values(["sample", "rank"]).drop(columns="rank")


_LOST = [style.ORANGE, style.SKY, style.PURPLE, style.GREEN, style.VERMILION, style.BLACK, style.YELLOW, style.RIVAL]


def fate_look(order: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and hatch of each fate: blue is used, the others take the palette in turn, hatched from the ninth on."""
    lost = [name for name in order if name != "used"]
    look = {name: (_LOST[i % len(_LOST)], "////" if i >= len(_LOST) else "") for i, name in enumerate(lost)}
    return {"used": (style.BLUE, ""), **look}


def fate_order(fates: pd.DataFrame) -> list[str]:
    """Fates as they are stacked: used first, then by size over all samples."""
    size = fates.groupby("fate")["reads"].sum().sort_values(ascending=False, kind="stable")
    return sorted(map(str, size.index), key=lambda name: name != "used")


def fate_bars(axes: Axes, fates: pd.DataFrame, samples: list[str]) -> None:
    """Stacked shares of each sample's reads by fate, with the total beside each bar."""
    style.tidy(axes, "x")
    wide = fates.pivot(index="sample", columns="fate", values="reads").fillna(0).reindex(samples)
    share = wide.div(wide.sum(axis=1), axis=0)
    left, order = np.zeros(len(samples)), fate_order(fates)
    for name, (colour, hatch) in fate_look(order).items():
        if name in share:
            axes.barh(
                samples,
                share[name],
                left=left,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                height=0.66,
                label=name.replace("_", " "),
            )
            left += share[name].to_numpy()
    for y, total in enumerate(wide.sum(axis=1)):
        axes.text(1.01, y, thousands(total), va="center", fontsize=6.5, color=style.MUTED)
    axes.set(title="Reads and fragments by fate", xlabel="share of all (number: total)", xlim=(0, 1.13))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
