"""In-silico saturation mutagenesis: the predicted effect of every single-base change of a region, and its picture.

This is the exact, dense way: every changed sequence goes through the whole model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from presage.errors import UserError
from presage.progress import progress
from presage.sequence.sparse_tower import Edit
from presage.sequence.track_names import track_info
from presage.sequence.variants.effects import open_reference
from presage.sequence.variants.scorer import Scorer
from presage.sequence.variants.scores.log_ratio import log_fc
from presage.tables import SCHEMAS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BASES = "ACGT"


def saturate(
    scorer: Scorer, chrom: str, start: int, end: int, tracks: pd.DataFrame, batch_size: int = 16
) -> pd.DataFrame:
    """Effects of all three changes at every base of ``[start, end)``, 0-based half-open: rows of the `ism` table.

    All sequences share one window, centred on the region, so that effects of neighbouring bases compare. Bases that
    are N in the genome are left out. Rows are ordered by position, alternative base, track.

    Raises :class:`UserError` when the contig is unknown, the region leaves it, or is longer than the model's output.
    """
    where = f"region {chrom}:{start}-{end}"
    trunk = scorer.models[0].trunk
    if chrom not in scorer.genome.lengths:
        raise UserError(
            where, "the genome has no such contig", f"use one of {', '.join(list(scorer.genome.lengths)[:3])}"
        )
    if not 0 <= start < end <= scorer.genome.lengths[chrom]:
        raise UserError(where, f"is empty or leaves the contig ({scorer.genome.lengths[chrom]} bp)", "correct it")
    if end - start > trunk.out_bins * trunk.bin_size:
        raise UserError(where, f"is longer than the model's output ({trunk.out_bins * trunk.bin_size} bp)", "split it")
    first = (start + end) // 2 - scorer.context // 2
    ref = scorer.genome.codes(chrom, first, first + scorer.context)
    at = np.arange(start, end) - first
    sites = [(i, base) for i in at[ref[at] < 4] for base in range(4) if base != ref[i]]
    found = _log_fc(scorer, chrom, first, sites, batch_size)
    info = track_info(scorer.tracks, tracks)
    long = pd.DataFrame(
        {
            "chrom": chrom,
            "pos": np.repeat([first + int(i) for i, _ in sites], len(info)).astype(np.int64),
            "ref": np.repeat([_BASES[ref[i]] for i, _ in sites], len(info)).astype(object),
            "alt": np.repeat([_BASES[base] for _, base in sites], len(info)).astype(object),
            **{
                column: np.tile(info[column].to_numpy(object), len(sites)) for column in ("track", "cell_type", "assay")
            },
            "log_fc": found.ravel(),
        }
    )
    return long[SCHEMAS["ism"].names]


def _log_fc(scorer: Scorer, chrom: str, start: int, sites: Sequence[tuple[int, int]], batch_size: int) -> np.ndarray:
    """log_fc float64 ``[sites, tracks]`` of changes (offset, base) of one window; the reference is predicted once."""
    passes = []
    for replicate in scorer.replicates:
        window = open_reference(scorer, replicate, chrom, start)
        before, parts = scorer.coverage(window.coverage)[None], [torch.empty(0, len(scorer.tracks))]
        everywhere = torch.ones_like(before, dtype=torch.bool)
        for first in progress(range(0, len(sites), batch_size), "mutagenesis", "batch"):
            edits = [
                Edit(i - replicate.shift, np.array([base], np.uint8)) for i, base in sites[first : first + batch_size]
            ]
            after = scorer.coverage(window.edited(edits))
            parts.append(log_fc(before, after, everywhere, scorer.pseudocount).cpu())
        passes.append(torch.cat(parts).numpy())
    return np.mean(passes, axis=0)


def importance(rows: pd.DataFrame) -> pd.Series:
    """Per position (index) of one track: minus the mean log_fc of its changes; what holds coverage up is positive."""
    return -rows.groupby("pos")["log_fc"].mean()


def draw(table: pd.DataFrame, path: str | Path, tracks: Sequence[str] | None = None, most: int = 4) -> None:
    """Draw a saturation mutagenesis: per track a sequence logo (letter height = importance) over a heat map.

    ``path`` ends in .svg, .pdf or .png. ``tracks`` are the slugs to show; by default the ``most`` with the strongest
    single effect, strongest first. The same table gives the same bytes (svg, png).
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    strength = table.groupby("track", sort=False)["log_fc"].agg(lambda values: values.abs().max())
    shown = (
        list(tracks) if tracks is not None else list(strength.sort_values(ascending=False, kind="stable").index[:most])
    )
    positions = np.arange(table["pos"].min(), table["pos"].max() + 1) if len(table) else np.arange(1)
    figure = Figure(
        figsize=(min(24.0, 2.5 + 0.12 * len(positions)), 0.6 + 2.2 * max(1, len(shown))), layout="constrained"
    )
    axes = figure.subplots(
        2 * max(1, len(shown)), 1, sharex=True, squeeze=False, height_ratios=[1, 1] * max(1, len(shown))
    )
    limit = max(1e-9, float(strength.reindex(shown).max())) if shown else 1.0
    for i, track in enumerate(shown):
        rows = table[table["track"] == track]
        _logo(axes[2 * i, 0], rows)
        axes[2 * i, 0].set_title(track, loc="left", fontsize=8)
        _heat(axes[2 * i + 1, 0], rows, positions, limit)
    axes[-1, 0].set_xlabel(f"position on {table['chrom'].iloc[0]}, 0-based" if len(table) else "no base to change")
    with mpl.rc_context({"svg.hashsalt": "presage", "svg.fonttype": "path"}):
        figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)


def _heat(axis: "Axes", rows: pd.DataFrame, positions: np.ndarray, limit: float) -> None:
    grid = rows.pivot(index="alt", columns="pos", values="log_fc").reindex(index=list(_BASES), columns=positions)
    extent = (positions[0] - 0.5, positions[-1] + 0.5, 3.5, -0.5)
    image = axis.imshow(
        grid, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, extent=extent, interpolation="none"
    )
    axis.set_yticks(range(4), list(_BASES), fontsize=6)
    axis.figure.colorbar(image, ax=axis, label="log2 ALT/REF", pad=0.01)


def _logo(axis: "Axes", rows: pd.DataFrame) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    colours = {"A": "#1b9e77", "C": "#2c6fbb", "G": "#d98f00", "T": "#c0392b"}
    letters = rows.drop_duplicates("pos").set_index("pos")["ref"]
    heights = importance(rows)
    for pos, height, letter in zip(heights.index.to_numpy(), heights.to_numpy(), letters.reindex(heights.index)):
        glyph = TextPath((0, 0), letter, size=1)
        box = glyph.get_extents()
        fit = (
            Affine2D().translate(-box.x0, -box.y0).scale(0.9 / box.width, height / box.height).translate(pos - 0.45, 0)
        )
        axis.add_patch(PathPatch(glyph, transform=fit + axis.transData, color=colours[letter], linewidth=0))
    low, high = min(0.0, heights.min()), max(0.0, heights.max())
    pad = 0.05 * max(high - low, 1e-9)
    axis.set_ylim(low - pad, high + pad)
    axis.axhline(0, color="0.6", linewidth=0.5)
    axis.set_ylabel("importance", fontsize=6)
