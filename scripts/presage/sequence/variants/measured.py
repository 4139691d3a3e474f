"""A calibration set: alleles whose effects were measured, as a table of sites and one of effects by site and track."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import pandas as pd

from presage.errors import UserError
from presage.progress import progress
from presage.sequence.variants.alleles import Dropped, Variant
from presage.sequence.variants.order import in_order
from presage.sequence.variants.readers.table import ALLELE, read_rows, site_of
from presage.sequence.variants.screen import Losses, Screen
from presage.sequence.variants.sites import Study, add_sites
from presage.tables import ChunkedTable

T = TypeVar("T")

_ROWS = 4096  # measurements that become rows together


class Measured(NamedTuple):
    """What one row of the file says: an allele's measured log2 ratio, ALT over REF, in some tracks (slugs)."""

    variant: Variant
    tracks: tuple[str, ...]
    effect: float


def write_measured(
    path: str | Path,
    study: Study,
    tracks: pd.DataFrame,
    out: Mapping[str, str | Path],
    *,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Read a table of measurements, and write what can be scored of it.

    A row has an allele (columns ``chrom pos ref alt``, see :mod:`presage.sequence.variants.readers.table`), its
    ``effect``, and where that was measured: a ``track``, or a ``cell_type`` and an ``assay``, which stand for all their
    tracks (of stranded RNA both strands).

    Parameters
    ----------
    tracks : columns ``slug cell_type assay`` of the tracks that are scored
    out : paths under the keys ``sites effects dropped``

    Returns
    -------
    Counts of rows of the file (``given``, ``scored``, ``dropped`` by reason), and what was written of them: ``alleles``
    and ``measurements`` (by allele and track). A row that repeats an allele in the same track is a ``duplicate``.

    Raises
    ------
    UserError
        As for a set of variants; and naming the line: an unknown track, cell type or assay, an effect that is no
        number, several alleles in one row.
    """
    with (
        Losses(out["dropped"], meta or {}) as losses,
        ChunkedTable(out["sites"], "sites", meta or {}) as sites,
        _Effects(out["effects"], meta or {}) as effects,
    ):
        screen = Screen(path, study.genome, study.max_length, study.max_mismatch, losses)
        rows = _in_genome_order(progress(_read(path, _Tracks(tracks), screen), "measurements", "row"), study)
        alleles = add_sites(sites, effects.by_allele(rows, losses), study.places)
        given = effects.rows + losses.counts.total()
        counts = {"given": given, "scored": effects.rows, "dropped": losses.by_reason}
        counts |= {"alleles": alleles, "measurements": effects.measurements}
        sites.note(sites={"counts": counts})
        losses.note(counts=counts)
    return counts


class _Effects:
    """The `calibration_effects` table while it is written."""

    def __init__(self, path: str | Path, meta: Mapping[str, Any]) -> None:
        self.rows = self.measurements = 0
        self._table = ChunkedTable(path, "calibration_effects", meta)
        self._waiting: list[tuple[int, str, float]] = []

    def by_allele(self, rows: Iterable[Measured], losses: Losses) -> Iterator[Variant]:
        """Each allele of sorted rows once, in their order; its effects are written under its number from 0."""
        for site, (_, group) in enumerate(groupby(rows, key=lambda row: _allele(row.variant))):
            known: set[str] = set()
            for row in group:
                v = row.variant
                if known.intersection(row.tracks):
                    losses.add(Dropped(v.chrom, v.pos, v.ref, v.alt, v.record, "duplicate", v.id or None))
                    continue
                if not known:
                    first = v
                known.update(row.tracks)
                self.rows += 1
                self.measurements += len(row.tracks)
                self._waiting += [(site, track, row.effect) for track in row.tracks]
            if len(self._waiting) >= _ROWS:
                self._flush()
            yield first

    def _flush(self) -> None:
        self._table.add(pd.DataFrame(self._waiting, columns=["site", "track", "effect"]))
        self._waiting = []

    def __enter__(self) -> Self:
        self._table.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._waiting:
            self._flush()
        self._table.__exit__(kind, error, trace)


def _allele(variant: Variant) -> tuple[str, int, str, str]:
    return variant.chrom, variant.pos, variant.ref, variant.alt


class _Tracks:
    """The tracks that rows of the file may mean."""

    def __init__(self, tracks: pd.DataFrame) -> None:
        slugs = tracks["slug"].astype(str)
        self._named = {slug: (slug,) for slug in slugs}
        self._kinds: dict[str, dict[str, tuple[str, ...]]] = {}
        for slug, cell_type, assay in zip(slugs, tracks["cell_type"], tracks["assay"]):
            assays = self._kinds.setdefault(cell_type, {})
            assays[assay] = (*assays.get(assay, ()), slug)

    def meant(self, where: str, row: Mapping[str, str]) -> tuple[str, ...]:
        """Slugs. Raises :class:`UserError` where there is no such track."""
        if row.get("track"):
            return _pick(where, "track", row["track"], self._named)
        if not row.get("cell_type") or not row.get("assay"):
            raise UserError(where, "does not say what was measured", "give a track, or a cell_type and an assay")
        return _pick(where, "assay", row["assay"], _pick(where, "cell_type", row["cell_type"], self._kinds))


def _pick(where: str, column: str, value: str, known: Mapping[str, T]) -> T:
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1) or sorted(known)[:1]
        raise UserError(where, f"{column} {value!r} is none that is scored", f"e.g. {near[0]}" if near else "")
    return known[value]


def _read(path: str | Path, tracks: _Tracks, screen: Screen) -> Iterator[Measured]:
    """The rows whose alleles pass, in the file's order."""
    wanted = ("track", "cell_type", "assay")
    for record, (line, row) in enumerate(read_rows(path, (*ALLELE, "effect"), wanted), 1):
        where = f"{path} line {line}"
        if "," in row["alt"]:
            raise UserError(where, "has several alleles and one effect", "give each allele its own row")
        measured_in, effect = tracks.meant(where, row), _number(where, row["effect"])
        variant = screen.resolve(site_of(path, line, row, row["alt"], record))
        if variant is not None:
            yield Measured(variant, measured_in, effect)
    screen.finish()


def _number(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(where, "effect is no number", "give the measured log2 ratio, ALT over REF, or remove the row")
    return value


def _in_genome_order(rows: Iterable[Measured], study: Study) -> Iterator[Measured]:
    """Rows by allele; of one allele the file's first comes first."""
    contigs = list(study.genome.lengths)
    rank = {chrom: i for i, chrom in enumerate(contigs)}
    meant: list[tuple[str, ...]] = []  # the same few combinations of tracks, over and over
    number: dict[tuple[str, ...], int] = {}

    def plain(v: Variant, tracks: tuple[str, ...], effect: float) -> tuple[Any, ...]:
        if tracks not in number:
            number[tracks] = len(meant)
            meant.append(tracks)
        return rank[v.chrom], v.pos, v.ref, v.alt, v.record, v.name, number[tracks], effect, v.id

    for chrom, pos, ref, alt, record, name, tracks, effect, known_as in in_order(plain(*row) for row in rows):
        yield Measured(Variant(name, contigs[chrom], pos, ref, alt, record, known_as), meant[tracks], effect)
