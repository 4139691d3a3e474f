"""ATAC fragments of the genome world: a bgzipped, tabix-indexed file as Cell Ranger ATAC leaves it.

Columns: contig, start, end (0-based half-open), barcode, reads behind the fragment. Both ends are cut sites and already
Tn5-shifted.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pysam
from numpy.typing import NDArray

from presage.config.genome_world import GenomeWorld
from presage.worlds.genome.expression import CLOSED
from presage.worlds.genome.grammar import GRID

_NUCLEOSOME_FREE, _NUCLEOSOME = 0.7, 0.3  # shares of fragment lengths


def make_fragments(
    settings: GenomeWorld, cells: pd.DataFrame, activity: dict[str, NDArray[np.float32]], rng: np.random.Generator
) -> pd.DataFrame:
    """Fragments of one sample in coordinate order: chrom (index) start end cell reads.

    ``cell`` numbers the rows of ``cells``, then unlabelled barcodes that look like the average cell.
    """
    lengths = np.array([a.shape[1] * GRID for a in activity.values()])
    offsets = np.concatenate([[0], lengths.cumsum()])
    profile = np.concatenate(list(activity.values()), axis=1) + CLOSED
    numbers = rng.poisson(cells["atac_depth"])
    frames = []
    for state in range(len(profile)):
        members = np.flatnonzero(cells["state"] == state)
        frames.append(_draw(profile[state], np.repeat(members, numbers[members]), rng))
    ambient = round(numbers.sum() * settings.unlabelled_share / (1 - settings.unlabelled_share))
    empty = len(cells) + rng.integers(0, max(1, len(cells) // 5), ambient)
    frames.append(_draw(profile.mean(axis=0), empty, rng))
    fragments = pd.concat(frames, ignore_index=True)
    chrom = np.searchsorted(offsets, fragments["cut"], side="right") - 1
    length = _lengths(rng, len(fragments))
    start = fragments["cut"] - offsets[chrom] - np.where(rng.random(len(fragments)) < 0.5, 0, length)
    fragments = fragments.assign(chrom=chrom, start=start, end=start + length, reads=rng.geometric(0.6, len(fragments)))
    inside = (fragments["start"] >= 0) & (fragments["end"] <= lengths[chrom])
    return fragments[inside].sort_values(["chrom", "start", "end", "cell"], ignore_index=True)


def _draw(profile: NDArray[np.float32], cell: NDArray[np.int64], rng: np.random.Generator) -> pd.DataFrame:
    """One cut site per entry of ``cell``, as a position along the concatenated genome."""
    edges = profile.astype(np.float64).cumsum()
    step = np.searchsorted(edges, rng.random(len(cell)) * edges[-1], side="right").clip(max=len(edges) - 1)
    return pd.DataFrame({"cell": cell, "cut": step * GRID + rng.integers(0, GRID, len(cell))})


def _lengths(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    free = 30 + rng.gamma(2.5, 20, n)
    nucleosome = rng.normal(195, 20, n)
    return np.where(rng.random(n) < _NUCLEOSOME_FREE, free, nucleosome).astype(np.int64).clip(30, 600)


def write_fragments(fragments: pd.DataFrame, barcodes: list[str], chroms: list[str], path: Path) -> None:
    """Write ``fragments`` and the tabix index. ``barcodes`` are those that ``fragments.cell`` points to."""
    columns = zip(*(fragments[c].tolist() for c in ("chrom", "start", "end", "cell", "reads")))
    lines = [f"{chroms[c]}\t{start}\t{end}\t{barcodes[cell]}\t{reads}\n" for c, start, end, cell, reads in columns]
    with pysam.BGZFile(str(path), "wb", None) as out:
        out.write(f"# simulated by presage\n{''.join(lines)}".encode())
    pysam.tabix_index(str(path), preset="bed", force=True)
