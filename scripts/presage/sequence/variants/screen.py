"""Alleles against the genome: what can be scored passes, the rest is written down with its reason and counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from presage.errors import UserError
from presage.sequence.reference.contigs import map_contigs
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.alleles import Dropped, Site, Variant, decode, resolve
from presage.tables import ChunkedTable

_ROWS = 4096  # of the `dropped` table that are held before they become a frame
_SHOWN = 3  # contigs in an error


class Losses:
    """The `dropped` table while it is written, with counts by reason. Rows stand in the order in which they came."""

    def __init__(self, path: str | Path, meta: Mapping[str, Any]) -> None:
        self.counts: Counter[str] = Counter()
        self._table = ChunkedTable(path, "dropped", meta)
        self._waiting: list[Dropped] = []

    def add(self, item: Dropped) -> None:
        """One more that is not scored."""
        self.counts[item.reason] += 1
        self._waiting.append(item)
        if len(self._waiting) == _ROWS:
            self._flush()

    @property
    def by_reason(self) -> dict[str, int]:
        """Counts, sorted by reason."""
        return dict(sorted(self.counts.items()))

    def note(self, **meta: Any) -> None:
        """As :meth:`ChunkedTable.note`."""
        self._table.note(**meta)

    def _flush(self) -> None:
        if self._waiting:
            self._table.add(pd.DataFrame(self._waiting))
        self._waiting = []

    def __enter__(self) -> Self:
        self._table.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._table.__exit__(kind, error, trace)


class Screen:
    """Checks the alleles of one file against the genome, one after the other.

    Parameters
    ----------
    path : the file, as errors name it
    max_length : bp; alleles with a longer REF or ALT are dropped
    max_mismatch : share of the alleles whose REF could be compared in which it may differ from the genome
    losses : where what is dropped is written down
    """

    def __init__(self, path: str | Path, genome: Genome, max_length: int, max_mismatch: float, losses: Losses) -> None:
        self._path, self._genome, self._losses = path, genome, losses
        self._max_length, self._max_mismatch = max_length, max_mismatch
        self._names: dict[str, str | None] = {}
        self._passed = 0
        self._first: Dropped | None = None

    def resolve(self, site: Site) -> Variant | None:
        """The allele, normalised; None where it is dropped."""
        if site.chrom not in self._names:
            self._names[site.chrom] = map_contigs([site.chrom], self._genome.lengths).names.get(site.chrom)
        item = resolve(site, self._names[site.chrom], self._genome, self._max_length)
        if isinstance(item, Variant):
            self._passed += 1
            return item
        self._losses.add(item)
        if item.reason == "ref_mismatch" and self._first is None:
            self._first = item
        return None

    def passing(self, sites: Iterable[Site]) -> Iterator[Variant]:
        """What passes of a whole file; at its end :meth:`finish` is called."""
        for site in sites:
            variant = self.resolve(site)
            if variant is not None:
                yield variant
        self.finish()

    def finish(self) -> None:
        """When all alleles have been seen: raises :class:`UserError` where the file belongs to another genome.

        That is, no contig is known, or REF differs from the genome in more than the share ``max_mismatch``.
        """
        lost = self._losses.counts
        if lost["unknown_contig"] and lost["unknown_contig"] == self._passed + lost.total():
            given, known = (", ".join(list(names)[:_SHOWN]) for names in (self._names, self._genome.lengths))
            raise UserError(self._path, f"no contig is in the genome ({given} against {known})", "use one build")
        compared = self._passed + lost["ref_mismatch"] + lost["same_as_ref"]
        first = self._first
        if first is not None and lost["ref_mismatch"] > self._max_mismatch * compared:
            truth = decode(self._genome.codes(first.chrom, first.pos, first.pos + len(first.ref)))
            what = (
                f"REF differs from the genome in {lost['ref_mismatch']} of {compared} alleles "
                f"(first: record {first.record}, {first.chrom}:{first.pos + 1} {first.ref}, genome {truth})"
            )
            raise UserError(self._path, what, "use variants and FASTA of one build")
