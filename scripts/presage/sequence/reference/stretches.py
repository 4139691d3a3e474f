"""Stretches: the pieces of a genome that reads are taken in: memory stays flat, and a cluster can share the work.

A stretch ends where no gene lies, so that a gene's molecules are not split, and stretches depend on genome and genes
alone: however many jobs read them, the result is the same.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

LONGEST = 25_000_000  # bp after which a stretch ends at the next gap between genes
_BERTH = 1_000  # bp around a gene without boundary: a read may begin before the gene that it lies in


class Stretch(NamedTuple):
    """``[start, end)`` of a contig (0-based). A read belongs to the stretch that its first aligned base lies in."""

    chrom: str
    start: int
    end: int


def cut(lengths: Mapping[str, int], genes: pd.DataFrame | None = None, longest: int = LONGEST) -> list[Stretch]:
    """The stretches of a genome in order; together they are the genome.

    Each boundary is the first base at or after a multiple of ``longest`` bp that no gene covers or comes near
    (``genes``: the genes table; without one every multiple is a boundary).
    """
    out = []
    for chrom, length in lengths.items():
        edges = _edges(length, _bodies(genes, chrom), longest)
        out += [Stretch(chrom, int(a), int(b)) for a, b in pairwise(edges)]
    return out


def share_out(stretches: Sequence[Stretch], weights: Sequence[float], parts: int) -> list[list[Stretch]]:
    """``stretches`` as ``parts`` runs of neighbours (some may be empty) of about equal summed ``weights`` (>= 0).

    A stretch goes to the part that the middle of its weight falls into.
    """
    weight = np.asarray(weights, dtype=np.float64)
    if not weight.sum():
        weight = np.ones(len(stretches))
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    number = np.minimum((middle * parts).astype(int), parts - 1)
    return [[s for s, n in zip(stretches, number) if n == part] for part in range(parts)]


def _bodies(genes: pd.DataFrame | None, chrom: str) -> np.ndarray:
    """Gene bodies of a contig as int64 [n, 2], sorted by start."""
    if genes is None or not len(genes):
        return np.empty((0, 2), dtype=np.int64)
    here = genes.loc[genes["chrom"] == chrom, ["start", "end"]].to_numpy(dtype=np.int64)
    return here[np.argsort(here[:, 0], kind="stable")] + [-_BERTH, _BERTH]


def _edges(length: int, bodies: np.ndarray, longest: int) -> list[int]:
    edges = [0]
    starts, reach = bodies[:, 0], np.maximum.accumulate(bodies[:, 1])
    for goal in range(longest, length, longest):
        place = goal
        while (before := int(np.searchsorted(starts, place))) and reach[before - 1] > place:  # a gene crosses it
            place = int(reach[before - 1])
        if edges[-1] < place < length:
            edges.append(place)
    return [*edges, length]
