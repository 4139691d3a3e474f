"""Pooling: the reads of all samples on one genome to tracks, contig by contig, so that memory stays flat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from presage.progress import progress
from presage.sequence.counts import GroupCounts
from presage.sequence.folds import FOLDS
from presage.sequence.sources import Source
from presage.sequence.tracks import BigWigs, bin_sums, coverage, slugify

_ENDING = {"+": "_plus", "-": "_minus", ".": ""}
SIGN = {"+": " (+)", "-": " (-)", ".": ""}


@dataclass
class Pool:
    """Tracks of one genome.

    Attributes
    ----------
    tracks : columns slug, name, assay, cell_type, strand, genome, reads, halved_by (donor or cell)
    targets : float32 [windows, bins, tracks], depth summed per bin; no windows on other genomes than the study's
    halves : correlation of each track's two halves
    """

    tracks: pd.DataFrame
    targets: np.ndarray
    halves: "Halves"


def pool(
    genome: str,
    sources: Sequence[Source],
    windows: pd.DataFrame,
    bin_size: int,
    counts: GroupCounts,
    folder: Path,
    suffix: str = "",
) -> Pool:
    """Read all samples of one genome: write bigWigs into ``folder``, bin what the windows see, add genes to ``counts``.

    ``windows``: rows of the windows table on this genome (none: nothing is binned); ``suffix``: what the slugs end in.
    """
    tracks, first = _plan(genome, sources, suffix)
    half, by = _halves(sources)
    tracks["halved_by"] = [by[assay, kind] for assay, kind in zip(tracks["assay"], tracks["cell_type"])]
    lengths = sources[0].lengths
    bins = int((windows["out_end"] - windows["out_start"]).iloc[0]) // bin_size if len(windows) else 0
    result = Pool(tracks, np.zeros((len(windows), bins, len(tracks)), dtype=np.float32), Halves(len(tracks)))
    used = np.zeros(len(tracks), dtype=np.int64)
    bigwigs = BigWigs(folder, tracks["slug"], lengths)
    for chrom in progress(lengths, f"reads on {genome}", "contig"):
        parts = [_on_tracks(s, chrom, first[i], half[i], counts, genome) for i, s in enumerate(sources)]
        track, side, start, end, counted = (np.concatenate(column) for column in zip(*parts))
        used += np.bincount(track[counted], minlength=len(tracks))
        order = np.argsort(track, kind="stable")
        edges = np.searchsorted(track[order], np.arange(len(tracks) + 1))
        here = np.flatnonzero((windows["chrom"] == chrom).to_numpy())
        starts, folds = windows["out_start"].to_numpy()[here], windows["fold"].to_numpy()[here]
        for number, slug in enumerate(tracks["slug"]):
            rows = order[edges[number] : edges[number + 1]]
            runs = coverage(start[rows], end[rows])
            bigwigs.add(slug, chrom, runs)
            if len(here):
                one = rows[side[rows] == 0]
                whole = bin_sums(runs, starts, bins, bin_size)
                result.targets[here, :, number] = whole
                result.halves.add(
                    number, folds, bin_sums(coverage(start[one], end[one]), starts, bins, bin_size), whole
                )
    bigwigs.close()
    tracks["reads"] = used
    return result


def _plan(genome: str, sources: Sequence[Source], suffix: str) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """The tracks of a genome, and for each source the first track (+ or .) of each of its groups."""
    keys = {(s.assay, kind): s.stranded for s in sources for kind in s.groups["cell_type"]}
    rows: list[tuple[str, ...]] = []
    first = {}
    for assay, kind in sorted(keys, key=lambda key: (key[0] != "rna", key)):
        first[assay, kind] = len(rows)
        for strand in "+-" if keys[assay, kind] else ".":
            slug = f"{slugify(kind)}_{assay}{_ENDING[strand]}{suffix}"
            rows.append((slug, f"{kind} {assay}{SIGN[strand]}", assay, kind, strand, genome))
    tracks = pd.DataFrame(rows, columns=["slug", "name", "assay", "cell_type", "strand", "genome"])
    tracks["slug"] = _unique(tracks["slug"])
    return tracks, [np.array([first[s.assay, kind] for kind in s.groups["cell_type"]], np.int64) for s in sources]


def _on_tracks(
    source: Source, chrom: str, first: np.ndarray, half: np.ndarray, counts: GroupCounts, genome: str
) -> tuple[np.ndarray, ...]:
    """(track, half, start, end, counted) of a sample's intervals on a contig; molecules in genes go to ``counts``."""
    intervals, hits = source.read(chrom)
    if len(hits.cell):
        place = (source.group_of(hits.cell), hits.gene)
        matrix = sparse.coo_matrix((np.ones(len(hits.cell), np.int64), place), (len(source.groups), len(hits.names)))
        keys = [("reads", genome, *row) for row in source.groups.itertuples(index=False)]
        counts.add(keys, hits.names, matrix)
    group = source.group_of(intervals.cell)
    track = first[group] + (intervals.minus if source.stranded else 0)
    side = np.where(half[group] < 0, intervals.cell % 2, half[group])
    return track, side, intervals.start, intervals.end, intervals.counted


def _halves(sources: Sequence[Source]) -> tuple[list[np.ndarray], dict[tuple[str, str], str]]:
    """How each type is halved for the noise ceiling: by donor where it has several, else by cell.

    Returns the half (0 or 1; -1: by cell) of each source's groups, and ``donor`` or ``cell`` by (assay, cell type).
    """
    donors: dict[tuple[str, str], set[str]] = {}
    for source in sources:
        for kind, donor in source.groups[["cell_type", "donor"]].to_numpy():
            donors.setdefault((source.assay, kind), set()).add(donor)
    half = []
    for source in sources:
        there = [
            (sorted(donors[source.assay, kind]), one) for kind, one in source.groups[["cell_type", "donor"]].to_numpy()
        ]
        half.append(np.array([all_.index(one) % 2 if len(all_) > 1 else -1 for all_, one in there], dtype=np.int64))
    return half, {key: "donor" if len(there) > 1 else "cell" for key, there in donors.items()}


class Halves:
    """Pearson between the two halves of each track over the bins of each fold, from running sums."""

    def __init__(self, tracks: int) -> None:
        self._sums = {fold: np.zeros((tracks, 6)) for fold in FOLDS}

    def add(self, track: int, folds: np.ndarray, one: np.ndarray, whole: np.ndarray) -> None:
        """Bins of some windows: ``one`` half and the ``whole``, float32 [windows, bins]; ``folds`` [windows]."""
        for fold in FOLDS:
            a = one[folds == fold].astype(np.float64).ravel()
            b = whole[folds == fold].astype(np.float64).ravel() - a
            self._sums[fold][track] += [a.size, a.sum(), b.sum(), a @ a, b @ b, a @ b]

    def pearson(self, fold: str, track: int) -> float | None:
        """r over the fold's bins; None where there are none or a half is constant."""
        n, a, b, aa, bb, ab = self._sums[fold][track]
        spread = max(n * aa - a * a, 0) * max(n * bb - b * b, 0)
        return float((n * ab - a * b) / np.sqrt(spread)) if spread > 0 else None


def _unique(slugs: Iterable[str]) -> list[str]:
    """``slugs`` with ``-2``, ``-3`` ... behind those that occur again (upper and lower case count as the same)."""
    seen: dict[str, int] = {}
    out = []
    for slug in slugs:
        seen[slug.lower()] = seen.get(slug.lower(), 0) + 1
        out.append(slug if seen[slug.lower()] == 1 else f"{slug}-{seen[slug.lower()]}")
    return out
