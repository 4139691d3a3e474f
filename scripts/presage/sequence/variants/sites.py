"""The sites step: which alleles of a file are scored, in which order, and what became of the others.

Rows are sorted by contig (as in the genome), position, REF and ALT, so that neighbours can share a window and equal
alleles lie side by side: a duplicate is found by comparing neighbours, exactly. Memory is constant (see
:mod:`presage.sequence.variants.order`).
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage import tables
from presage.progress import progress
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.alleles import Dropped, Variant
from presage.sequence.variants.order import in_order
from presage.sequence.variants.places import Places
from presage.sequence.variants.readers import read_sites
from presage.sequence.variants.screen import Losses, Screen
from presage.tables import SCHEMAS, ChunkedTable

_BATCH = 4096  # alleles that become rows together

Key = tuple[int, int, str, str]  # rank of the contig, position, REF, ALT: where an allele stands, and which it is


class Study(NamedTuple):
    """What alleles are checked against and placed in.

    ``max_length`` in bp, ``max_mismatch`` a share: see :class:`~presage.sequence.variants.screen.Screen`.
    """

    genome: Genome
    places: Places
    max_length: int
    max_mismatch: float


def open_study(
    fasta: str | Path, windows: str | Path, genes: str | Path, max_length: int, max_mismatch: float
) -> Study:
    """From the reference's genome and its `windows` and `genes` tables."""
    cut = tables.read(windows, "windows")
    places = Places(cut, tables.read(genes, "genes"))
    return Study(Genome(fasta), places, longest(max_length, cut), max_mismatch)


def longest(limit: int, windows: pd.DataFrame) -> int:
    """bp of the longest allele that is scored: ``limit``, but no more than a quarter of the model's input.

    ``windows``: the `windows` table; its inputs are as long as the model's.
    """
    context = int((windows["end"] - windows["start"]).max()) if len(windows) else 4 * limit
    return min(limit, context // 4)


def write_sites(
    path: str | Path,
    study: Study,
    out: Mapping[str, str | Path],
    *,
    known: str | Path | None = None,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the sites and the dropped alleles of one file.

    Parameters
    ----------
    path : any file that :func:`~presage.sequence.variants.readers.read_sites` reads
    out : paths under the keys ``sites dropped``
    known : a set's sites; the file is then the null set for it, alleles that both have are dropped from it, and the
        table is `null_sites`
    meta : goes into the metadata of both tables, beside the counts

    Returns
    -------
    ``given``, ``scored`` and ``dropped`` (counts by reason); given = scored + the sum of dropped. No allele left is no
    error. In the `dropped` table what is wrong with a record comes in the order of the file, then, in genome order,
    alleles that are ``duplicate`` or ``in_set``.

    Raises
    ------
    UserError
        The file cannot be read, shares no contig with the genome, or is of another build.
    """
    table = "sites" if known is None else "null_sites"
    more = {} if known is None else {"matched": None, "relaxed": None}
    with Losses(out["dropped"], meta or {}) as losses, ChunkedTable(out["sites"], table, meta or {}) as rows:
        screen = Screen(path, study.genome, study.max_length, study.max_mismatch, losses)
        alleles = in_genome_order(screen.passing(progress(read_sites(path, study.genome), "variants", "allele")), study)
        alleles = without_repeats(alleles, losses)
        if known is not None:
            alleles = without(alleles, keys_of(known, study), losses)
        scored = add_sites(rows, (variant for _, variant in alleles), study.places, more)
        counts = {"given": scored + losses.counts.total(), "scored": scored, "dropped": losses.by_reason}
        rows.note(sites={"counts": counts})
        losses.note(counts=counts)
    return counts


def in_genome_order(variants: Iterable[Variant], study: Study) -> Iterator[tuple[Key, Variant]]:
    """Variants with their keys, sorted; of equal ones the file's first comes first."""
    rank = {chrom: i for i, chrom in enumerate(study.genome.lengths)}
    contigs = list(study.genome.lengths)
    rows = ((rank[v.chrom], v.pos, v.ref, v.alt, v.record, v.name, v.id) for v in variants)
    for chrom, pos, ref, alt, record, name, known_as in in_order(rows):
        yield (chrom, pos, ref, alt), Variant(name, contigs[chrom], pos, ref, alt, record, known_as)


def without_repeats(alleles: Iterable[tuple[Key, Variant]], losses: Losses) -> Iterator[tuple[Key, Variant]]:
    """The first of equal neighbours."""
    last = None
    for key, variant in alleles:
        if key == last:
            losses.add(_lost(variant, "duplicate"))
        else:
            yield key, variant
        last = key


def without(
    alleles: Iterable[tuple[Key, Variant]], keys: Iterator[Key], losses: Losses
) -> Iterator[tuple[Key, Variant]]:
    """The alleles that are not among ``keys``; both are sorted."""
    at = next(keys, None)
    for key, variant in alleles:
        while at is not None and at < key:
            at = next(keys, None)
        if key == at:
            losses.add(_lost(variant, "in_set"))
        else:
            yield key, variant


def _lost(variant: Variant, reason: str) -> Dropped:
    return Dropped(variant.chrom, variant.pos, variant.ref, variant.alt, variant.record, reason, variant.id or None)


def keys_of(sites: str | Path, study: Study) -> Iterator[Key]:
    """The keys of a `sites` table, in its order."""
    rank = {chrom: i for i, chrom in enumerate(study.genome.lengths)}
    for batch in pq.ParquetFile(sites).iter_batches(_BATCH, columns=["chrom", "pos", "ref", "alt"]):
        chrom, *rest = (column.to_pylist() for column in batch.columns)
        yield from zip((rank[name] for name in chrom), *rest)


def add_sites(
    table: ChunkedTable,
    variants: Iterable[Variant],
    places: Places,
    more: Mapping[str, Any] | None = None,
) -> int:
    """Append the rows of ``variants``, which are in genome order, and return how many they are.

    ``more``: further columns, one value for all.
    """
    variants, number = iter(variants), 0
    while batch := list(islice(variants, _BATCH)):
        table.add(site_rows(batch, number, places).assign(**(more or {})))
        number += len(batch)
    return number


def site_rows(variants: list[Variant], first: int, places: Places) -> pd.DataFrame:
    """Rows of the `sites` table, numbered from ``first``."""
    own = pd.DataFrame(
        {
            "site": first + np.arange(len(variants), dtype=np.int64),
            "variant": [v.name for v in variants],
            **{name: [getattr(v, name) for v in variants] for name in ("chrom", "pos", "ref", "alt", "kind", "record")},
            "id": [v.id or None for v in variants],
        }
    )
    return pd.concat([own, places(variants)], axis=1)[SCHEMAS["sites"].names]
