"""In-silico mutagenesis next to a variant, for the page's script: bases of the genome as high as their importance."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from presage.report.figures.ism import LETTERS
from presage.report.variants.tracks import rounded
from presage.sequence.mutagenesis.seqlets import importance

FLANK = 20  # bp on each side of the variant
MOST = 100  # variants with a logo, the strongest of those that a region covers
COLUMNS = ["chrom", "pos", "ref", "alt", "track", "log_fc"]


class Region:
    """A saturated region: its `ism` table on disk, of which only what is asked for is read."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self._path = name, path
        places = pq.read_table(path, columns=["chrom", "pos"]).to_pandas()
        self.chrom = "" if places.empty else str(places["chrom"].iloc[0])
        self.low, self.high = (0, 0) if places.empty else (int(places["pos"].min()), int(places["pos"].max()) + 1)

    def covers(self, chrom: str, pos: int) -> bool:
        return chrom == self.chrom and self.low <= pos < self.high

    def logo(self, pos: int, ref: str, tracks: list[str]) -> dict[str, Any]:
        """Bases from :data:`FLANK` before to as many after the allele ``ref`` at ``pos``, and each track's importance.

        ``tracks`` that the region was not scored in are left out.
        """
        low, high = max(self.low, pos - FLANK), min(self.high, pos + len(ref) + FLANK)
        rows = pq.read_table(self._path, columns=COLUMNS, filters=[("pos", ">=", low), ("pos", "<", high)]).to_pandas()
        letters = rows.drop_duplicates("pos").set_index("pos")["ref"].reindex(range(low, high)).fillna("N")
        held = {track: importance(part).reindex(range(low, high)) for track, part in rows.groupby("track", sort=False)}
        shown = {track: held[track].fillna(0.0) for track in tracks if track in held}
        return {
            "region": self.name,
            "start": low,
            "letters": "".join(letters),
            "importance": {track: rounded(values.to_numpy()) for track, values in shown.items()},
        }


def logos(best: pd.DataFrame, regions: Mapping[str, Path], tracks: Callable[[int], list[str]]) -> dict[int, Any]:
    """Rank -> logo, of the first :data:`MOST` variants of ``best`` that lie in a region (the first that covers it).

    ``best``: a row of the `scores` table for each variant, with ``rank``; ``tracks``: a rank's slugs to show.
    """
    known = [Region(name, path) for name, path in regions.items()]
    found: dict[int, Any] = {}
    rows: list[Any] = list(best.itertuples()) if known else []
    for row in rows:
        region = next((one for one in known if one.covers(row.chrom, row.pos)), None)
        if region is not None:
            found[int(row.rank)] = region.logo(row.pos, row.ref, tracks(int(row.rank)))
        if len(found) == MOST:
            break
    return found


def glyphs() -> dict[str, dict[str, str]]:
    """Letter -> ``path`` (of an SVG) that fills a square of side 1, its foot at y = 0 and upright, and ``colour``."""
    return {letter: {"path": outline(letter), "colour": colour} for letter, colour in LETTERS.items()}


def outline(letter: str) -> str:
    """The letter stretched to a square of side 1, as the ``d`` of an SVG path; y points up."""
    path = TextPath((0, 0), letter, size=100, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = path.get_extents()
    words = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C", Outline.CLOSEPOLY: "Z"}
    parts = []
    for points, code in path.iter_segments():
        at = (points.reshape(-1, 2) - box.min) / (box.size)
        numbers = "" if code == Outline.CLOSEPOLY else " ".join(f"{value:.3g}" for value in at.ravel())
        parts.append(words[code] + numbers)
    return "".join(parts)
