"""Pooling: the parts of all samples on one genome to tracks, contig by contig, so that memory stays flat."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from presage.progress import progress
from presage.sequence.evaluation.correlation import noise_ceiling
from presage.sequence.pseudobulk.clip import clipped_bin_sums
from presage.sequence.pseudobulk.parts import Part
from presage.sequence.pseudobulk.steps import runs_of
from presage.sequence.reference.blacklist import with_margin
from presage.sequence.reference.folds import FOLDS
from presage.sequence.samples.bigwigs import BigWigSource
from presage.sequence.samples.tracks import BigWigs, Runs, bin_sums, slugify, total
from presage.sequence.targets.target_set import TargetWriter

ENDING = {"+": "_plus", "-": "_minus", ".": ""}
SIGN = {"+": " (+)", "-": " (-)", ".": ""}
_WINDOWS = 128  # windows that are binned at a time


class _Lane(NamedTuple):
    """A lane of a part on its way into a track."""

    part: int
    lane: int
    half: int  # 0 or 1
    level: int  # class of the down-sampling


@dataclass(frozen=True)
class Plan:
    """The tracks of one genome, and where each comes from.

    Attributes
    ----------
    tracks : columns slug, name, assay, cell_type, strand, genome, reads, halved_by (donor, cell or nothing)
    umis : int64 [tracks], those of the reads that have UMIs
    lanes : of each track
    finished : bigWigs of each track, each with its half
    """

    tracks: pd.DataFrame
    umis: np.ndarray
    lanes: list[list[_Lane]]
    finished: list[list[tuple[int, BigWigSource]]]

    def half(self, track: int, half: int, share: int) -> tuple[list[_Lane], list[tuple[int, BigWigSource]]]:
        """Lanes and bigWigs of one half of a track, at a share of the down-sampling (classes up to it are in it)."""
        lanes = [lane for lane in self.lanes[track] if lane.half == half and lane.level <= share]
        return lanes, [pair for pair in self.finished[track] if pair[0] == half]


class Pooled(NamedTuple):
    """What pooling tells of each track: summed depth over the genome, and the halves (see :class:`Halves`)."""

    depth: np.ndarray
    halves: "Halves"


def plan(
    genome: str, parts: Sequence[Part], finished: Sequence[BigWigSource], kept: set[tuple[str, str]], suffix: str = ""
) -> Plan:
    """The tracks of a genome. ``kept``: (assay, cell type) with cells enough; ``suffix``: what the slugs end in.

    Tracks that are not kept are listed too, without lanes: they are reported, and not written.
    """
    stranded = {(p.facts["assay"], kind): p.facts["stranded"] for p in parts for kind in p.groups["cell_type"]}
    strands = {key: ["+", "-"] if there else ["."] for key, there in stranded.items()}
    for row in finished:
        known = strands.setdefault((row.assay, row.group[0]), [])
        strands[row.assay, row.group[0]] = sorted({*known, row.strand}, key="+-.".index)
    rows = [
        (f"{slugify(kind)}_{assay}{ENDING[s]}{suffix}", f"{kind} {assay}{SIGN[s]}", assay, kind, s, genome)
        for assay, kind in sorted(strands, key=lambda key: (key[0] != "rna", key))
        for s in strands[assay, kind]
    ]
    tracks = pd.DataFrame(rows, columns=["slug", "name", "assay", "cell_type", "strand", "genome"])
    tracks["slug"] = unique_slugs(tracks["slug"])
    place = {key: i for i, key in enumerate(zip(tracks["assay"], tracks["cell_type"], tracks["strand"]))}
    donors = _donors(parts, finished)
    lanes: list[list[_Lane]] = [[] for _ in rows]
    reads, umis = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    for number, part in enumerate(parts):
        assay, signs = part.facts["assay"], "+-" if part.facts["stranded"] else ".."
        tracked = {int(lane): n for lane, n in part.facts["tracked"].items()}
        for lane, n in tracked.items():
            group, minus, half, level = (int(v) for v in part.lanes.parts(np.array(lane)))
            kind, donor = part.groups.loc[group, "cell_type"], part.groups.loc[group, "donor"]
            track = place[assay, kind, signs[minus]]
            reads[track] += n
            umis[track] += n if part.facts["umi"] else 0
            if (assay, kind) in kept:
                by_donor = donors[assay, str(kind)]
                half = by_donor.index(str(donor)) % 2 if len(by_donor) > 1 else half
                lanes[track].append(_Lane(number, lane, half, level))
    ready: list[list[tuple[int, BigWigSource]]] = [[] for _ in rows]
    for row in finished:
        half = donors[row.assay, row.group[0]].index(row.group[1]) % 2
        ready[place[row.assay, row.group[0], row.strand]].append((half, row))
    several = {key: len(there) > 1 for key, there in donors.items()}
    from_cells = set(stranded)
    keys = list(zip(tracks["assay"], tracks["cell_type"]))
    tracks["halved_by"] = ["donor" if several[key] else "cell" if key in from_cells else None for key in keys]
    tracks["reads"] = reads
    return Plan(tracks, umis, lanes, ready)


def _donors(parts: Sequence[Part], finished: Sequence[BigWigSource]) -> dict[tuple[str, str], list[str]]:
    """Donors of each (assay, cell type), sorted: where there are several, halves are donors, else cells."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for part in parts:
        for kind, donor in part.groups[["cell_type", "donor"]].to_numpy():
            found[part.facts["assay"], kind].add(donor)
    for row in finished:
        found[row.assay, row.group[0]].add(row.group[1])
    return {key: sorted(there) for key, there in found.items()}


def pool(
    planned: Plan,
    parts: Sequence[Part],
    lengths: Mapping[str, int],
    folder: Path,
    *,
    windows: pd.DataFrame,
    bin_size: int,
    shares: Sequence[float] = (),
    writer: TargetWriter | None = None,
    blacklist: pd.DataFrame | None = None,
) -> Pooled:
    """Write the bigWigs of the tracks that have lanes into ``folder``, and what the windows see to ``writer``.

    ``windows``: rows of the windows table on this genome, numbered from 0 (none: nothing is binned); targets are the
    tracks that have lanes, in order. ``shares``: of the down-sampling curve. ``blacklist``: regions (the
    blacklist table) in which targets, and nothing else, are cut down to what is usual in the window.
    """
    chosen = [i for i, (a, b) in enumerate(zip(planned.lanes, planned.finished)) if a or b]
    slugs = planned.tracks["slug"].iloc[chosen].tolist()
    bigwigs = BigWigs(folder, slugs, lengths)
    bins = int((windows["out_end"] - windows["out_start"]).iloc[0]) // bin_size if len(windows) else 0
    depth = np.zeros(len(planned.tracks))
    halves = Halves(len(planned.tracks), [*shares, 1.0])
    for chrom in progress(lengths, "pooling", "contig"):
        cover = _Cover(parts, chrom, lengths[chrom])
        whole = {track: cover.runs(planned.lanes[track], planned.finished[track]) for track in chosen}
        for track, runs in whole.items():
            depth[track] += float((runs.value * np.diff(runs.edge)).sum()) if len(runs.value) else 0.0
            bigwigs.add(planned.tracks["slug"].iloc[track], chrom, runs)
        here = windows[windows["chrom"] == chrom]
        if not len(here):
            continue
        black = with_margin(blacklist, chrom) if blacklist is not None else None
        halved = {
            (share, track): tuple(cover.runs(*planned.half(track, half, share)) for half in (0, 1))
            for track in chosen
            if planned.tracks["halved_by"].iloc[track] is not None
            for share in range(len(halves.shares))
        }
        for begin in range(0, len(here), _WINDOWS):
            some = here.iloc[begin : begin + _WINDOWS]
            starts, folds = some["out_start"].to_numpy(), some["fold"].to_numpy()
            if writer is not None:
                values = [clipped_bin_sums(whole[track], starts, bins, bin_size, black) for track in chosen]
                writer.write(some.index.to_numpy(), np.stack(values, axis=2))
            for (share, track), pair in halved.items():
                halves.add(share, track, folds, *(bin_sums(runs, starts, bins, bin_size) for runs in pair))
    bigwigs.close()
    return Pooled(depth, halves)


class _Cover:
    """Steps of all parts on one contig, by lane."""

    def __init__(self, parts: Sequence[Part], chrom: str, length: int) -> None:
        self.chrom, self.length = chrom, length
        self._found: dict[tuple[int, int], list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
        for number, part in enumerate(parts):
            for steps in part.steps(chrom):
                edges = np.flatnonzero(np.diff(steps.lane, prepend=-1, append=-1))
                for a, b in pairwise(edges.tolist()):
                    self._found[number, int(steps.lane[a])].append((steps.position[a:b], steps.step[a:b]))

    def runs(self, lanes: Iterable[_Lane], finished: Iterable[tuple[int, BigWigSource]] = ()) -> Runs:
        """Summed depth of some lanes and bigWigs."""
        found = [piece for lane in lanes for piece in self._found.get((lane.part, lane.lane), ())]
        none = (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
        position, step = (np.concatenate(column) for column in zip(none, *found))
        reads = runs_of(position, step, self.length)
        ready = [source.runs(self.chrom) for _, source in finished]
        return total([reads, *ready]) if ready else reads


class Halves:
    """Pearson between the two halves of each track over the bins of each fold, from running sums.

    At every share of the reads in ``shares`` (rising, the last one 1).
    """

    def __init__(self, tracks: int, shares: Sequence[float]) -> None:
        self.shares = list(shares)
        self._sums = [{fold: np.zeros((tracks, 6)) for fold in FOLDS} for _ in shares]

    def add(self, share: int, track: int, folds: np.ndarray, one: np.ndarray, other: np.ndarray) -> None:
        """Bins of some windows: the two halves, float32 [windows, bins]; ``folds`` [windows]."""
        for fold in FOLDS:
            a = one[folds == fold].astype(np.float64).ravel()
            b = other[folds == fold].astype(np.float64).ravel()
            self._sums[share][fold][track] += [a.size, a.sum(), b.sum(), a @ a, b @ b, a @ b]

    def pearson(self, fold: str, track: int, share: int = -1) -> float | None:
        """r over the fold's bins; None where there are none or a half is constant."""
        n, a, b, aa, bb, ab = self._sums[share][fold][track]
        spread = max(n * aa - a * a, 0) * max(n * bb - b * b, 0)
        return float((n * ab - a * b) / np.sqrt(spread)) if spread > 0 else None

    def report(self, track: int, halved_by: str | None) -> dict[str, object]:
        """What qc.json says of a track: r of its halves by fold, the noise ceiling, and both at each smaller share."""
        r = {fold: self.pearson(fold, track) for fold in FOLDS}
        out: dict[str, object] = {"halved_by": halved_by, "half_r": r, "noise_ceiling": _ceilings(r)}
        curve = []
        for number, share in enumerate(self.shares[:-1]):
            there = {fold: self.pearson(fold, track, number) for fold in FOLDS}
            curve.append({"share": share, "half_r": there, "noise_ceiling": _ceilings(there)})
        return out | ({"downsample": curve} if curve else {})


def _ceilings(r: Mapping[str, float | None]) -> dict[str, float | None]:
    return {fold: None if value is None else float(noise_ceiling(value)) for fold, value in r.items()}


def strand_partners(keys: Sequence[Any], strands: Sequence[str]) -> list[int]:
    """Index of the track with the same key on the other strand; its own where a track has no strand or no partner."""
    index = {(key, strand): i for i, (key, strand) in enumerate(zip(keys, strands))}
    other = {"+": "-", "-": "+"}
    return [index.get((key, other.get(strand, "")), i) for i, (key, strand) in enumerate(zip(keys, strands))]


def unique_slugs(slugs: Iterable[str]) -> list[str]:
    """``slugs`` with ``-2``, ``-3`` ... behind those that occur again (upper and lower case count as the same)."""
    seen: dict[str, int] = {}
    out = []
    for slug in slugs:
        seen[slug.lower()] = seen.get(slug.lower(), 0) + 1
        out.append(slug if seen[slug.lower()] == 1 else f"{slug}-{seen[slug.lower()]}")
    return out
