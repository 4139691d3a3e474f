"""Molecules: reads that repeat a molecule are told by its UMI, exactly or allowing for one sequencing error.

A UMI is a number in base 4 with a leading 1, so that its length counts; -1 stands for none.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from presage.sequence.samples.reads import Reads

Collapse = Literal["exact", "directional", "none"]
_DIGIT = np.full(256, -1, dtype=np.int64)
_DIGIT[np.frombuffer(b"ACGT", np.uint8)] = [0, 1, 2, 3]
_LONGEST = 20  # bases; with its leading 1 such a UMI fills 41 of 63 bits


def encode(umis: Sequence[str]) -> np.ndarray:
    """UMIs as int64 [umis]; -1 for an empty one, one with letters other than A C G T, or more than 20 of them."""
    lengths = np.fromiter(map(len, umis), dtype=np.int64, count=len(umis))
    out = np.full(len(umis), -1, dtype=np.int64)
    for length in np.unique(lengths):
        if not 0 < length <= _LONGEST:
            continue
        rows = np.flatnonzero(lengths == length)
        same = umis if len(rows) == len(umis) else [umis[row] for row in rows.tolist()]
        letters = np.frombuffer("".join(same).encode("ascii", "replace"), np.uint8).reshape(-1, length)
        digits = _DIGIT[letters]
        number = digits @ (4 ** np.arange(length - 1, -1, -1, dtype=np.int64)) + 4**length
        out[rows] = np.where((digits >= 0).all(axis=1), number, -1)
    return out


def molecules(reads: Reads, gene: np.ndarray, collapse: Collapse = "exact") -> np.ndarray:
    """First read of each molecule: bool [reads].

    A molecule is a cell, a UMI and a gene (``gene``: int [reads], -1 for none); reads without a gene belong to the
    molecule of their cell and UMI on the same strand, or make one. ``reads`` are those of one stretch, and that is as
    far as it reaches. Positions do not tell: a molecule is amplified before it is cut, so its reads lie apart, while
    two molecules of a cell share UMI, stretch and strand in fewer than 1 of 1,000 cases.

    ``directional`` then joins UMIs of one cell and gene that differ in one base where the rarer can be a sequencing
    error of the other: n(a) >= 2 n(b) - 1 reads (Smith et al. 2017, Genome Res. 27:491); the first read of the most
    frequent one is kept. ``none``, or reads without UMIs: every read is a molecule.
    """
    if collapse == "none" or (reads.umi < 0).all():
        return np.ones(len(reads), dtype=bool)
    # Stable, so the first read of a group is the first in the file; genes before none (-1).
    order = np.lexsort((-gene, reads.minus, reads.umi, reads.cell))
    cell, umi, minus, place = reads.cell[order], reads.umi[order], reads.minus[order], gene[order]
    new = np.ones(len(order), dtype=bool)
    same = (np.diff(cell) == 0) & (np.diff(umi) == 0) & (minus[1:] == minus[:-1])
    new[1:] = ~(same & ((place[1:] == place[:-1]) | (place[1:] < 0)))
    first = np.zeros(len(order), dtype=bool)
    first[order[new]] = True
    if collapse == "directional":
        heads = np.flatnonzero(new)
        copies = np.diff(np.append(heads, len(order)))
        scope = np.where(place[heads] >= 0, place[heads], -1 - minus[heads].astype(np.int64))
        keep = directional(cell[heads], scope, umi[heads], copies)
        first[order[heads[~keep]]] = False
    return first


def directional(cell: np.ndarray, scope: np.ndarray, umi: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """Which UMIs stand for a molecule when one-base errors are joined to their source: bool [umis].

    Parameters
    ----------
    cell, scope, umi : int [umis]
        Distinct triples; UMIs are joined within a cell and scope (a gene, or a strand without gene).
    copies : int [umis]
        Reads of each.

    From the most copies down (ties: the smaller number first), a UMI that no other has claimed claims all that can be
    reached from it in steps of one base, each to a UMI with at most (n + 1) / 2 copies.
    """
    group = np.unique(np.stack([cell, scope]), axis=1, return_inverse=True)[1].reshape(-1)
    near = _neighbours(group, umi)
    if not len(near):
        return np.ones(len(umi), dtype=bool)
    near = near[copies[near[:, 0]] >= 2 * copies[near[:, 1]] - 1]
    below: dict[int, list[int]] = {}
    for parent, child in near.tolist():
        below.setdefault(parent, []).append(child)
    claimed = np.zeros(len(umi), dtype=bool)
    keep = np.ones(len(umi), dtype=bool)
    heads = np.fromiter(below, dtype=np.int64)
    for head in heads[np.lexsort((umi[heads], -copies[heads]))].tolist():
        if claimed[head]:
            continue
        claimed[head] = True
        todo = [head]
        while todo:
            for child in below.get(todo.pop(), ()):
                if not claimed[child]:
                    claimed[child], keep[child] = True, False
                    todo.append(child)
    return keep


def _neighbours(group: np.ndarray, umi: np.ndarray) -> np.ndarray:
    """Ordered pairs (int64 [pairs, 2]) of UMIs of one group that differ in exactly one base."""
    order = np.lexsort((umi, group))
    sorted_group, sorted_umi = group[order], umi[order]
    # One number per (group, UMI), by rank: the values themselves might not fit into 63 bits together.
    values, rank = np.unique(sorted_umi, return_inverse=True)
    keys = sorted_group.astype(np.int64) * len(values) + rank
    pairs = []
    for place in range(_LONGEST):
        unit = 4**place
        long_enough = sorted_umi >= 4 * unit  # its leading 1 stands above this base
        if not long_enough.any():
            break
        digit = sorted_umi // unit % 4
        for step in (1, 2, 3):
            other = sorted_umi + ((digit + step) % 4 - digit) * unit
            there = np.minimum(np.searchsorted(values, other), len(values) - 1)
            wanted = sorted_group.astype(np.int64) * len(values) + there
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            hit = long_enough & (values[there] == other) & (keys[at] == wanted)
            pairs.append(np.stack([order[hit], order[at[hit]]], axis=1))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)
