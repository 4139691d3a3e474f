"""Genes: which one each read lies in, and molecules per group of cells and gene.

A read belongs to the gene on its transcript's strand in which the middles of its aligned blocks lie, if it is just one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from presage.sequence.samples.reads import Reads

_NONE, _SEVERAL = -1, -2


@dataclass(frozen=True)
class GeneIndex:
    """One strand of one contig cut into segments, each with its gene: row of the genes table, -1 none, -2 several.

    ``edges`` int64 [segments + 1] ascending, ``gene`` int32 [segments]; outside the edges there is no gene.
    """

    edges: np.ndarray
    gene: np.ndarray

    @staticmethod
    def build(genes: pd.DataFrame, chrom: str, strand: str, introns: bool) -> "GeneIndex":
        """Index of exons, or with ``introns`` of whole gene bodies where no exon lies."""
        rows = np.flatnonzero(((genes["chrom"] == chrom) & (genes["strand"] == strand)).to_numpy())
        here = genes.iloc[rows]
        counts = here["exon_starts"].map(len).to_numpy(dtype=np.int64)
        exons = (_flat(here["exon_starts"]), _flat(here["exon_ends"]), np.repeat(rows, counts))
        index = GeneIndex._sweep(*exons)
        if not introns:
            return index
        bodies = GeneIndex._sweep(here["start"].to_numpy(np.int64), here["end"].to_numpy(np.int64), rows)
        edges = np.union1d(index.edges, bodies.edges)
        exonic = index.at(edges[:-1])
        return GeneIndex(edges, np.where(exonic == _NONE, bodies.at(edges[:-1]), exonic))

    @staticmethod
    def _sweep(start: np.ndarray, end: np.ndarray, gene: np.ndarray) -> "GeneIndex":
        """Intervals of genes, int64 each [intervals], as segments."""
        if not len(start):
            return GeneIndex(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32))
        edges = np.unique(np.concatenate([start, end]))
        # Summed over the sweep: how many genes cover a segment, and, where it is one, which.
        depth, which = np.zeros(len(edges), dtype=np.int64), np.zeros(len(edges), dtype=np.int64)
        for place, sign in ((start, 1), (end, -1)):
            np.add.at(depth, np.searchsorted(edges, place), sign)
            np.add.at(which, np.searchsorted(edges, place), sign * gene)
        depth, which = np.cumsum(depth)[:-1], np.cumsum(which)[:-1]
        return GeneIndex(edges, np.select([depth == 1, depth > 1], [which, _SEVERAL], _NONE).astype(np.int32))

    def at(self, position: np.ndarray) -> np.ndarray:
        """Gene at each position: int32."""
        segment = np.searchsorted(self.edges, position, side="right") - 1
        inside = (segment >= 0) & (segment < len(self.gene))
        return np.where(
            inside, self.gene[np.clip(segment, 0, max(len(self.gene) - 1, 0))] if len(self.gene) else _NONE, _NONE
        )


def _flat(lists: pd.Series) -> np.ndarray:
    """Lists of positions, one after the other: int64."""
    return np.concatenate([np.empty(0, dtype=np.int64), *lists]).astype(np.int64)


class GeneTable:
    """Assigns reads to the genes of an annotation (``genes``: the genes table). ``introns``: introns count too."""

    def __init__(self, genes: pd.DataFrame, introns: bool) -> None:
        self.genes, self.introns = genes.reset_index(drop=True), introns
        self.names = list(zip(genes["gene_id"], genes["name"]))
        self._cache: dict[tuple[str, bool], tuple[GeneIndex, GeneIndex]] = {}

    def assign(self, reads: Reads, chrom: str) -> np.ndarray:
        """Row of the genes table that each read is sense to: int32 [reads], -1 for none, several, or different ones."""
        return np.where(reads.minus, *self._both(reads, chrom, self.introns)[::-1])

    def sense(self, reads: Reads, chrom: str) -> dict[str, int]:
        """Reads in exons of just one strand, by whether they are ``sense`` or ``antisense`` to it."""
        plus, minus = (gene >= 0 for gene in self._both(reads, chrom, introns=False))
        return {
            "sense": int(((minus & ~plus) & reads.minus).sum() + ((plus & ~minus) & ~reads.minus).sum()),
            "antisense": int(((plus & ~minus) & reads.minus).sum() + ((minus & ~plus) & ~reads.minus).sum()),
        }

    def _both(self, reads: Reads, chrom: str, introns: bool) -> tuple[np.ndarray, np.ndarray]:
        """Genes of the plus and of the minus strand that each read lies in."""
        if (chrom, introns) not in self._cache:
            self._cache = {
                k: v for k, v in self._cache.items() if k[0] == chrom
            }  # samples share a contig, contigs pass
            index = [GeneIndex.build(self.genes, chrom, strand, introns) for strand in "+-"]
            self._cache[chrom, introns] = (index[0], index[1])
        middle = (reads.block_start + reads.block_end) // 2
        plus, minus = self._cache[chrom, introns]
        return _agree(plus.at(middle), reads.offset), _agree(minus.at(middle), reads.offset)


def _agree(votes: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The one gene (>= 0) that a read's blocks vote for, or -1. ``votes`` [blocks], ``offset`` [reads + 1]."""
    if len(offset) < 2:
        return np.empty(0, dtype=np.int32)
    most = np.maximum.reduceat(votes, offset[:-1])
    least = np.minimum.reduceat(np.where(votes < 0, np.iinfo(np.int32).max, votes), offset[:-1])
    return np.where((most >= 0) & (most == least), most, _NONE).astype(np.int32)


@dataclass
class GroupCounts:
    """Molecules by group of cells and gene, gathered piece by piece.

    A group's key is (source, genome, cell_type, donor, condition, tissue); ``source`` is reads or h5ad, which are never
    added up.
    """

    groups: dict[tuple[str, ...], int] = field(default_factory=dict)
    genes: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    parts: list[sparse.coo_matrix] = field(default_factory=list)

    def add(self, keys: Sequence[tuple[str, ...]], genes: Sequence[tuple[str, str]], matrix: sparse.spmatrix) -> None:
        """Add ``matrix`` [keys, genes]. ``genes`` are (identifier, name); an identifier that repeats adds up.

        Groups and genes without a molecule are not taken up.
        """
        matrix = sparse.coo_matrix(matrix)
        rows, columns = (np.zeros(size, dtype=np.int64) for size in matrix.shape)
        for i in np.unique(matrix.row):
            rows[i] = self.groups.setdefault(keys[i], len(self.groups))
        for i in np.unique(matrix.col):
            gene, name = genes[i]
            columns[i] = self.genes.setdefault(gene, len(self.genes))
            self.names.setdefault(gene, name)
        shape = (len(self.groups), max(1, len(self.genes)))
        self.parts.append(sparse.coo_matrix((matrix.data, (rows[matrix.row], columns[matrix.col])), shape))

    def write(self, path: Path, genes: pd.DataFrame, meta: Mapping[str, Any]) -> None:
        """Write the sums as h5ad: obs one row per group, var all genes of the reference and then the others."""
        import anndata

        order = list(dict.fromkeys([*genes["gene_id"], *sorted(self.genes)]))
        column = {gene: i for i, gene in enumerate(order)}
        moved = np.array([column[gene] for gene in self.genes], dtype=np.int64)
        keys = sorted(self.groups)
        place = np.empty(len(keys), dtype=np.int64)
        place[[self.groups[key] for key in keys]] = np.arange(len(keys))
        none = np.empty(0, dtype=np.int64)
        rows = np.concatenate([none, *(place[part.row] for part in self.parts)])
        columns = np.concatenate([none, *(moved[part.col] for part in self.parts)])
        values = np.concatenate([none, *(part.data for part in self.parts)]).astype(np.int64)
        matrix = sparse.csr_matrix((values, (rows, columns)), (len(keys), len(order)))
        obs = pd.DataFrame(
            keys, columns=["source", "genome", "cell_type", "donor", "condition", "tissue"], dtype=object
        )
        obs["umis"] = np.asarray(matrix.sum(axis=1), dtype=np.int64).ravel()
        obs.index = [f"group{i}" for i in range(len(obs))]
        known = dict(zip(genes["gene_id"], genes["name"]))
        var = pd.DataFrame({"name": [known.get(g) or self.names[g] for g in order]}, index=order)
        var["in_reference"] = [gene in known for gene in order]
        data = anndata.AnnData(matrix, obs=obs, var=var, uns={"presage": json.dumps(dict(meta), sort_keys=True)})
        data.write_h5ad(path)
