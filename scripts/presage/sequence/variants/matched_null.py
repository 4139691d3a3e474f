"""A null set for variants: alleles of the same genome that are like them in everything but what they were chosen for.

For each variant some alleles are drawn at random that share

* the change: for an SNV the substitution and both neighbouring bases, strands taken together (A[C>T]G is C[G>A]T); for
  other kinds the kind and the lengths of REF and ALT, new bases taken from another place of the genome,
* the fold of the windows that the trunk was trained with, and
* the bin of the distance to the nearest transcription start (:data:`EDGES`).

Where a genome holds too few of them a demand is given up, in this order: the distance, the neighbouring bases, the
fold. What was given up how often is told. Nothing is drawn near a variant that is scored, nor in the blacklist.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from presage.sequence.genome import Genome, encode
from presage.sequence.variants.alleles import Variant, decode, normalise
from presage.sequence.variants.places import Places

NAME = "matched: substitution and neighbours, TSS distance, fold"
EDGES = (100, 1_000, 10_000, 100_000)
"""bp, upper ends of the bins of the distance to a transcription start; the last bin is open."""
RELAXED = ("nothing", "distance", "neighbours", "fold")
_STRETCH = 64  # bp that are looked at around a random place
_PLACES = 2_000  # a round
_ROUNDS = 30  # for each demand

Key = tuple[str, str, int]
"""Change, fold, bin of the distance (-1: no gene on the contig)."""


@dataclass(frozen=True)
class Drawn:
    """Null variants in genome order, how many were asked for, and how many were drawn with which demand given up."""

    variants: list[Variant]
    asked: int
    relaxed: dict[str, int]


@dataclass
class _Wanted:
    """Open demands: how many alleles of each key are still to be found."""

    open: Counter[Key] = field(default_factory=Counter)

    def take(self, key: Key) -> bool:
        """Whether one of these is wanted; it is then no longer."""
        if self.open[key] <= 0:
            return False
        self.open[key] -= 1
        return True


def draw_null(
    variants: Sequence[Variant],
    genome: Genome,
    places: Places,
    blacklist: pd.DataFrame,
    *,
    each: int,
    most: int,
    apart: int,
    seed: int,
) -> Drawn:
    """Draw ``each`` null variants for each variant, or fewer where they would be more than ``most``.

    Parameters
    ----------
    variants : the alleles that are scored
    blacklist : rows ``chrom start end`` in which nothing is drawn
    apart : bp that must lie between a null variant and any that is scored

    The same arguments give the same answer. Fewer than asked for are given where the genome has no more.
    """
    rng = np.random.default_rng(seed)
    number = min(each * len(variants), most)
    if not number:
        return Drawn([], 0, {})
    chosen = [variants[i] for i in np.sort(rng.permutation(np.tile(np.arange(len(variants)), each))[:number])]
    keys = _keys(chosen, genome, places)
    closed = _Closed(variants, blacklist, apart)
    found: dict[tuple[str, int, str, str], Variant] = {}
    relaxed: Counter[str] = Counter()
    wanted = Counter(keys)
    for level, name in enumerate(RELAXED):
        loose = _Wanted(Counter())
        for key, count in wanted.items():
            loose.open[_loosened(key, level)] += count
        fresh = _search(loose, level, genome, places, closed, found, rng)
        relaxed[name] += fresh
        wanted = +loose.open
        if not wanted:
            break
    rank = {chrom: i for i, chrom in enumerate(genome.lengths)}
    ordered = sorted(found.values(), key=lambda v: (rank[v.chrom], v.pos, v.ref, v.alt))
    return Drawn(ordered, number, {name: n for name, n in relaxed.items() if n})


def _search(
    wanted: _Wanted,
    level: int,
    genome: Genome,
    places: Places,
    closed: "_Closed",
    found: dict[tuple[str, int, str, str], Variant],
    rng: np.random.Generator,
) -> int:
    """Look at random places until nothing is wanted or ``_ROUNDS`` rounds are over; return how many were found."""
    before, idle = len(found), 0
    for _ in range(_ROUNDS):
        changes = sorted({change for change, _, _ in +wanted.open})
        if not changes or idle >= 5:
            break
        last = len(found)
        fresh = [v for v in _candidates(changes, genome, rng) if not closed.holds(v)]
        for variant, key in zip(fresh, _keys(fresh, genome, places)):
            where = variant.chrom, variant.pos, variant.ref, variant.alt
            if where not in found and wanted.take(_loosened(key, level)):
                found[where] = variant
        idle = idle + 1 if len(found) == last else 0
    return len(found) - before


def _loosened(key: Key, level: int) -> Key:
    """A key without what is given up at a level of ``RELAXED``."""
    change, fold, distance = key
    if level >= 2 and "[" in change:
        change = change[change.index("[") : change.index("]") + 1]
    return change, fold if level < 3 else "", distance if level < 1 else -2


def _keys(variants: Sequence[Variant], genome: Genome, places: Places) -> list[Key]:
    if not variants:
        return []
    where = places(list(variants))
    size = where["tss_distance"].abs()
    bins = np.where(size.isna(), -1, np.searchsorted(EDGES, size.fillna(0).to_numpy(np.int64), side="right"))
    return [(change_of(v, genome), str(fold), int(b)) for v, fold, b in zip(variants, where["fold"], bins)]


def change_of(variant: Variant, genome: Genome) -> str:
    """What a variant changes: ``A[C>T]G`` for an SNV, with C or T changed; else the kind and the two lengths."""
    if variant.kind != "snv":
        return f"{variant.kind} {len(variant.ref)} {len(variant.alt)}"
    left, right = (decode(genome.codes(variant.chrom, pos, pos + 1)) for pos in (variant.pos - 1, variant.pos + 1))
    ref, alt = variant.ref, variant.alt
    if ref in "AG":
        left, ref, alt, right = (_complement(base) for base in (right, ref, alt, left))
    return f"{left}[{ref}>{alt}]{right}"


def _complement(base: str) -> str:
    return base.translate(str.maketrans("ACGT", "TGCA"))


def _candidates(changes: Sequence[str], genome: Genome, rng: np.random.Generator) -> Iterator[Variant]:
    """Alleles of the wanted changes at random places: one a place, contigs by their length."""
    names, lengths = list(genome.lengths), np.array(list(genome.lengths.values()), float)
    contigs = rng.choice(len(names), _PLACES, p=lengths / lengths.sum())
    snvs = sorted(
        {change[change.index("[") + 1] + change[change.index(">") + 1] for change in changes if "[" in change}
    )
    others = [change for change in changes if "[" not in change]
    for contig in contigs:
        chrom = names[contig]
        start = int(rng.integers(0, max(1, genome.lengths[chrom] - _STRETCH)))
        if others and (not snvs or rng.random() < 0.5):
            variant = _other(str(rng.choice(others)), chrom, start, genome, rng)
        else:
            variant = _snv(snvs, chrom, start, genome, rng)
        if variant is not None:
            yield variant


def _snv(changes: Sequence[str], chrom: str, start: int, genome: Genome, rng: np.random.Generator) -> Variant | None:
    """The first base after a random place that one of the changes (``CT``: C to T, on either strand) fits."""
    ref, alt = rng.choice(list(changes))
    if rng.random() < 0.5:
        ref, alt = _complement(ref), _complement(alt)
    bases = genome.codes(chrom, start, start + _STRETCH)
    fits = np.flatnonzero(bases == encode(str(ref))[0])
    if not len(fits):
        return None
    pos = start + int(rng.choice(fits))
    return Variant(f"{chrom}:{pos + 1}:{ref}:{alt}", chrom, pos, str(ref), str(alt), 0)


def _other(change: str, chrom: str, start: int, genome: Genome, rng: np.random.Generator) -> Variant | None:
    """A variant of that kind and those lengths, its new bases from elsewhere on the contig."""
    kind, before, after = change.split()
    ref = decode(genome.codes(chrom, start, start + int(before)))
    elsewhere = int(rng.integers(0, max(1, genome.lengths[chrom] - int(after))))
    alt = decode(genome.codes(chrom, elsewhere, elsewhere + int(after)))
    if kind in ("insertion", "deletion"):
        alt = ref[0] + alt[1:]
    if "N" in ref + alt or ref == alt:
        return None
    pos, ref, alt = normalise(chrom, start, ref, alt, genome)
    variant = Variant(f"{chrom}:{pos + 1}:{ref}:{alt}", chrom, pos, ref, alt, 0)
    return variant if change == f"{variant.kind} {len(ref)} {len(alt)}" else None


class _Closed:
    """Where nothing is drawn: near scored variants, and in the blacklist."""

    def __init__(self, variants: Sequence[Variant], blacklist: pd.DataFrame, apart: int) -> None:
        self._apart = apart
        ends: dict[str, list[int]] = {}
        for v in variants:
            ends.setdefault(v.chrom, []).append(v.pos)
        self._scored = {chrom: np.sort(np.array(at)) for chrom, at in ends.items()}
        self._longest = max((len(v.ref) for v in variants), default=1)
        self._black = {
            str(chrom): (rows["start"].to_numpy(), rows["end"].to_numpy()) for chrom, rows in blacklist.groupby("chrom")
        }

    def holds(self, variant: Variant) -> bool:
        """Whether a null variant must not lie there."""
        scored, end = self._scored.get(variant.chrom), variant.pos + len(variant.ref)
        if scored is not None:
            first = np.searchsorted(scored, variant.pos - self._apart - self._longest, side="right")
            if first < len(scored) and scored[first] < end + self._apart:
                return True
        starts, ends = self._black.get(variant.chrom, (np.zeros(0), np.zeros(0)))
        return bool(((starts < end) & (ends > variant.pos)).any())


def report(drawn: Drawn) -> Mapping[str, object]:
    """What was drawn, for the record."""
    return {"asked": drawn.asked, "drawn": len(drawn.variants), "given_up": drawn.relaxed}
