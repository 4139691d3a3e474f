"""A null set drawn from the genome: for each variant some that are like it, and of which nothing is known.

A null substitution is the same change in the same trinucleotide (strands folded, see
:mod:`presage.sequence.variants.context`); any other null allele is of the same kind and the same lengths, and inserts
the same bases. Both lie in the same fold, at a distance to the nearest transcription start in the same bin, at least
``exclusion`` bp from every variant of the set, outside the blacklist and, if asked for, outside exons.

Places are drawn uniformly from all that fit (:mod:`presage.sequence.variants.ground`), and no two null variants share a
position. Where none is left, keys are given up in this order: the trinucleotide; the bin, the next nearer one first,
then the next farther one, then those two bins away; fold and bin.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from presage.sequence.reference.genome import Genome
from presage.sequence.variants.alleles import Variant, decode, normalise
from presage.sequence.variants.context import contexts, folded
from presage.sequence.variants.ground import NO_START, Ground, Stretch
from presage.sequence.variants.places import Places

NAME = "matched: substitution, trinucleotide, TSS distance, fold"
KEYS = ("trinucleotide", "TSS distance", "fold")  # in the order in which they are given up

_BASES = "ACGT"
_DRAWN = 1024  # places at a time
_DRY = 1 << 16  # places without a match after which there is none; a smaller stretch is looked through to its end
_ROUNDS = 200  # places that are tried for an allele that is no substitution


class Wanted(NamedTuple):
    """One null variant that is asked for: like row ``site`` of the set's sites."""

    site: int
    record: int
    chrom: str
    pos: int
    ref: str
    alt: str
    fold: str
    tss_bin: int

    @property
    def is_snv(self) -> bool:
        return len(self.ref) == len(self.alt) == 1


class Match(NamedTuple):
    """A null variant, for which one it was drawn, and the number of ``KEYS`` that were given up."""

    variant: Variant
    wanted: Wanted
    relaxed: int

    @property
    def given_up(self) -> str | None:
        """Those keys in words; a trinucleotide is a key of substitutions only."""
        return ",".join(KEYS[int(not self.wanted.is_snv) : self.relaxed]) or None


class _Level(NamedTuple):
    """How much is asked of a place: bins ``away`` from the wanted one; None = any, in any fold."""

    relaxed: int
    flanked: bool
    away: int | None


def spread(sites: int, per_variant: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """For which rows of ``sites`` null variants are drawn: int64, sorted, each up to ``per_variant`` times.

    Where that would be more than ``most`` in all, rows are chosen at random, none twice as long as some have none.
    """
    total = min(most, per_variant * sites)
    if not total:
        return np.zeros(0, np.int64)
    each, rest = divmod(total, sites)
    whole = np.arange(sites if each else 0)  # of a large set not every row is needed, nor held
    return np.sort(np.concatenate([np.repeat(whole, each), rng.choice(sites, rest, replace=False)]))


def draw(
    wanted: Sequence[Wanted], ground: Ground, genome: Genome, places: Places, rng: np.random.Generator
) -> list[Match]:
    """Null variants for ``wanted``, in no particular order; for some there may be none, however much is given up."""
    state = _Draw(ground, genome, places, rng)
    for snv in (True, False):
        left = [one for one in wanted if one.is_snv == snv]
        for level in _levels(ground.bins, snv):
            left = state.fill(left, level)
    return state.found


def _levels(bins: int, snv: bool) -> Iterator[_Level]:
    yield _Level(0, snv, 0)
    if snv:
        yield _Level(1, False, 0)
    yield from (_Level(2, False, away) for away in range(1, max(2, bins)))
    yield _Level(3, False, None)


@dataclass
class _Draw:
    ground: Ground
    genome: Genome
    places: Places
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self.found: list[Match] = []
        self._taken: set[tuple[str, int]] = set()

    def fill(self, wanted: list[Wanted], level: _Level) -> list[Wanted]:
        """Draw what can be drawn at this level; returns what is left."""
        if level.away is None:
            return self._from(None, None, wanted, level)
        left = []
        by_stratum = sorted(wanted, key=lambda one: (one.fold, one.tss_bin))
        for (fold, tss_bin), group in groupby(by_stratum, key=lambda one: (one.fold, one.tss_bin)):
            rest = list(group)
            for near in self._bins(tss_bin, level.away):
                rest = self._from(fold, near, rest, level)
            left += rest
        return left

    def _bins(self, tss_bin: int, away: int) -> list[int]:
        if tss_bin == NO_START:
            return [NO_START] if not away else list(range(self.ground.bins)) if away == 1 else []
        return [b for b in dict.fromkeys((tss_bin - away, tss_bin + away)) if 0 <= b < self.ground.bins]

    def _from(self, fold: str | None, tss_bin: int | None, wanted: list[Wanted], level: _Level) -> list[Wanted]:
        stretch = self.ground.stretch(fold, tss_bin)
        if not stretch.size or not wanted:
            return wanted
        if wanted[0].is_snv:
            return self._substitutions(stretch, wanted, level)
        return self._others(stretch, fold, tss_bin, wanted, level)

    # ---- substitutions: whatever place is drawn, it serves one of those that ask for its context ----------------

    def _substitutions(self, stretch: Stretch, wanted: list[Wanted], level: _Level) -> list[Wanted]:
        given = contexts(np.stack([self.genome.codes(one.chrom, one.pos - 1, one.pos + 2) for one in wanted]))
        asked: dict[int, list[tuple[Wanted, bool]]] = {}
        keys = given.flanked if level.flanked else given.centre
        for one, key, reverse in zip(wanted, keys.tolist(), given.reverse.tolist()):
            asked.setdefault(key, []).append((one, reverse))
        left = [one for one, _ in asked.pop(-1, [])]
        for chroms, positions in self._drawn(stretch, asked):
            codes = np.stack([self.genome.codes(c, p - 1, p + 2) for c, p in zip(chroms, positions)])
            here = contexts(codes)
            keys = here.flanked if level.flanked else here.centre
            for i in np.flatnonzero(np.isin(keys, list(asked))):
                queue, place = asked.get(int(keys[i])), (chroms[i], positions[i])
                if queue and place not in self._taken:
                    one, turned = queue.pop(0)
                    alt = folded(folded(_BASES.index(one.alt), turned), bool(here.reverse[i]))
                    self._take(one, *place, _BASES[codes[i, 1]], _BASES[alt], level.relaxed)
                    if not queue:
                        del asked[int(keys[i])]
        return left + [one for queue in asked.values() for one, _ in queue]

    def _drawn(self, stretch: Stretch, asked: Mapping[int, Any]) -> Iterator[tuple[list[str], list[int]]]:
        """Places of a stretch at random, as long as any are ``asked`` for and there is hope."""
        order = self.rng.permutation(stretch.size) if stretch.size <= _DRY else None
        dry, drawn, found = 0, 0, len(self.found)
        while asked and dry < _DRY:
            if order is not None:
                offset = order[drawn : drawn + _DRAWN]
                drawn += len(offset)
            else:
                offset = self.rng.integers(0, stretch.size, _DRAWN)
            if not len(offset):
                return
            contig, position = stretch.at(offset)
            yield [self.ground.contigs[c] for c in contig], position.tolist()
            dry = dry + len(offset) if found == len(self.found) else 0
            found = len(self.found)

    # ---- all else: the same change is made at a place, and looked at once it is normalised -----------------------

    def _others(
        self, stretch: Stretch, fold: str | None, tss_bin: int | None, wanted: list[Wanted], level: _Level
    ) -> list[Wanted]:
        for _ in range(_ROUNDS):
            contig, position = stretch.at(self.rng.integers(0, stretch.size, len(wanted)))
            tried = [
                transplant(one, self.ground.contigs[c], int(p), self.genome)
                for one, c, p in zip(wanted, contig, position)
            ]
            where = iter(self.places([v for v in tried if v is not None]).to_dict("records"))
            left = []
            for one, variant in zip(wanted, tried):
                at = next(where) if variant is not None else {}
                if variant is not None and self._fits(variant, at, fold, tss_bin):
                    self._take(one, variant.chrom, variant.pos, variant.ref, variant.alt, level.relaxed)
                else:
                    left.append(one)
            wanted = left
            if not wanted:
                break
        return wanted

    def _fits(self, variant: Variant, at: Mapping[Any, Any], fold: str | None, tss_bin: int | None) -> bool:
        end = variant.pos + len(variant.ref)
        distance = None if at["gene"] is None else int(at["tss_distance"])
        return (
            (variant.chrom, variant.pos) not in self._taken
            and fold in (None, at["fold"])
            and tss_bin in (None, self.ground.bin_of(distance))
            and self.ground.holds(variant.chrom, variant.pos, end)
        )

    def _take(self, one: Wanted, chrom: str, pos: int, ref: str, alt: str, relaxed: int) -> None:
        self._taken.add((chrom, pos))
        variant = Variant(f"{chrom}:{pos + 1}:{ref}:{alt}", chrom, pos, ref, alt, one.record)
        self.found.append(Match(variant, one, relaxed))


def transplant(one: Wanted, chrom: str, pos: int, genome: Genome) -> Variant | None:
    """The change of ``one`` made at another place, normalised; None where bases are unknown or it becomes another kind.

    An insertion inserts the same bases, a deletion takes away as many, all else writes the same ALT over as many bases.
    """
    ref = decode(genome.codes(chrom, pos, pos + len(one.ref)))
    alt = ref[0] + one.alt[1:] if 1 in (len(one.ref), len(one.alt)) else one.alt
    if "N" in ref or ref == alt:
        return None
    variant = Variant("", chrom, *normalise(chrom, pos, ref, alt, genome), one.record)
    same = len(variant.ref) == len(one.ref) and len(variant.alt) == len(one.alt)
    return variant if same and variant.kind == Variant("", chrom, pos, one.ref, one.alt, 0).kind else None
