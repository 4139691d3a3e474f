"""Which alleles are scored: a file's alleles, checked, normalised, in genome order and each once, as a `sites` table.

Sorting is done contig by contig, from files beside the output: memory holds the alleles of one contig (about 150 bytes
each), whatever the size of the file. Sorted, an allele that stands twice in the file lies beside itself.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from presage.errors import UserError
from presage.progress import progress
from presage.sequence.contigs import map_contigs
from presage.sequence.genome import Genome
from presage.sequence.variants.alleles import Dropped, Variant, decode, resolve
from presage.sequence.variants.places import Places
from presage.sequence.variants.readers import read_sites
from presage.tables import SCHEMAS, ChunkedTable

_HELD = 20_000  # alleles that wait for their file
_ALLELE = pa.schema(
    [("name", pa.string()), ("pos", pa.int64()), ("ref", pa.string()), ("alt", pa.string()), ("record", pa.int64())]
)


class Counts(NamedTuple):
    """What became of the alleles that were given: ``scored``, and those ``dropped`` by reason."""

    scored: int
    dropped: dict[str, int]

    @property
    def given(self) -> int:
        """All of them."""
        return self.scored + sum(self.dropped.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return {"given": self.given, "scored": self.scored, "dropped": dict(sorted(self.dropped.items()))}


def read_variants(path: str | Path, genome: Genome, max_length: int) -> Iterator[Variant | Dropped]:
    """Stream the alleles of a file, each checked and normalised, in the file's order.

    ``max_length``: the longest REF or ALT that is kept, bp.
    """
    names: dict[str, str | None] = {}
    for site in read_sites(path, genome):
        if site.chrom not in names:
            names[site.chrom] = map_contigs([site.chrom], genome.lengths).names.get(site.chrom)
        yield resolve(site, names[site.chrom], genome, max_length)


def write_sites(
    path: str | Path,
    genome: Genome,
    places: Places,
    out: str | Path,
    dropped: str | Path | None,
    *,
    max_length: int,
    max_mismatch: float = 0.5,
    without: "Sites | None" = None,
    meta: Mapping[str, Any] | None = None,
) -> Counts:
    """Write the alleles of a file that can be scored as a `sites` table, and the others as a `dropped` table.

    Parameters
    ----------
    dropped : in the file's order, duplicates at its end; None: they are only counted
    max_mismatch : largest share of alleles whose REF differs from the genome
    without : alleles that are left out as `in_the_set`
    meta : of both tables

    Raises
    ------
    UserError
        No contig is known, or the file belongs to another build. No allele left is no error.
    """
    counts: Counter[str] = Counter()
    gate = _Gate(path, genome, max_mismatch)
    with ExitStack() as stack:
        left_out = stack.enter_context(ChunkedTable(dropped, "dropped", meta or {})) if dropped else None

        def drop(items: list[Dropped]) -> None:
            counts.update(item.reason for item in items)
            if left_out is not None and items:
                left_out.add(pd.DataFrame(items))

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path(out).parent)))
        spill = stack.enter_context(_Spill(folder))
        for item in progress(read_variants(path, genome, max_length), Path(path).name, "allele"):
            gate.see(item)
            if isinstance(item, Variant):
                spill.add(item)
            else:
                drop([item])
        gate.close()
        spill.flush()
        kept = _Kept(spill, genome, drop, without)
        scored = write_table(kept, places, out, meta or {})
    return Counts(scored, dict(counts))


def write_table(variants: Iterable[Variant], places: Places, out: str | Path, meta: Mapping[str, Any]) -> int:
    """Write variants, already in genome order, as a `sites` table; return how many they are."""
    done, waiting = 0, list[Variant]()
    with ChunkedTable(out, "sites", meta) as table:

        def flush() -> None:
            nonlocal done
            table.add(site_rows(waiting, done, places))
            done += len(waiting)
            waiting.clear()

        for variant in variants:
            waiting.append(variant)
            if len(waiting) >= _HELD:
                flush()
        if waiting:
            flush()
    return done


def longest(asked: int, windows: pd.DataFrame) -> int:
    """The longest allele that is kept, bp: as asked for, and at most a quarter of the model's window.

    ``windows``: the `windows` table.
    """
    return min(asked, int(windows["end"].iloc[0] - windows["start"].iloc[0]) // 4)


def site_rows(variants: list[Variant], first: int, places: Places) -> pd.DataFrame:
    """Rows of the `sites` table for variants of which the first has number ``first``."""
    rows = pd.DataFrame(
        {
            "site": first + np.arange(len(variants)),
            "variant": [v.name for v in variants],
            **{name: [getattr(v, name) for v in variants] for name in ("chrom", "pos", "ref", "alt", "kind", "record")},
        }
    )
    return pd.concat([rows, places(variants)], axis=1)[SCHEMAS["sites"].names]


class _Gate:
    """Stops where a file and the genome do not belong together; looks at alleles as they pass."""

    def __init__(self, path: str | Path, genome: Genome, max_mismatch: float) -> None:
        self._path, self._genome, self._limit = path, genome, max_mismatch
        self._seen: Counter[str] = Counter()
        self._contigs: dict[str, None] = {}
        self._first: Dropped | None = None

    def see(self, item: Variant | Dropped) -> None:
        """Count an allele."""
        reason = "scored" if isinstance(item, Variant) else item.reason
        self._seen[reason] += 1
        if isinstance(item, Dropped) and reason == "unknown_contig" and len(self._contigs) < 3:
            self._contigs[item.chrom] = None
        if isinstance(item, Dropped) and reason == "ref_mismatch" and self._first is None:
            self._first = item

    def close(self) -> None:
        """Judge. Raises :class:`UserError`."""
        seen = self._seen
        if seen["unknown_contig"] and seen["unknown_contig"] == seen.total():
            known = ", ".join(list(self._genome.lengths)[:3])
            what = f"no contig is in the genome ({', '.join(self._contigs)} against {known})"
            raise UserError(self._path, what, "use one build")
        compared = seen["scored"] + seen["ref_mismatch"] + seen["same_as_ref"]
        first = self._first
        if first and seen["ref_mismatch"] > self._limit * compared:
            truth = decode(self._genome.codes(first.chrom, first.pos, first.pos + len(first.ref)))
            what = (
                f"REF differs from the genome in {seen['ref_mismatch']} of {compared} alleles "
                f"(first: record {first.record}, {first.chrom}:{first.pos + 1} {first.ref}, genome {truth})"
            )
            raise UserError(self._path, what, "use the variants and the FASTA of one build")


class _Spill:
    """Alleles by contig, in files, because a whole set may not fit into memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, list[Variant]] = {}
        self._writers: dict[str, pa.ipc.RecordBatchFileWriter] = {}
        self._held = 0

    def add(self, variant: Variant) -> None:
        """Take an allele in."""
        self._waiting.setdefault(variant.chrom, []).append(variant)
        self._held += 1
        if self._held >= _HELD:
            self._write()

    def _write(self) -> None:
        for chrom, variants in self._waiting.items():
            if chrom not in self._writers:
                path = self._folder / str(len(self._writers))
                self._writers[chrom] = pa.ipc.new_file(str(path), _ALLELE)
            columns = [[getattr(v, name) for v in variants] for name in _ALLELE.names]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, _ALLELE)]
            self._writers[chrom].write_batch(pa.record_batch(arrays, schema=_ALLELE))
        self._waiting, self._held = {}, 0

    def flush(self) -> None:
        """Write what waits; nothing is added after it."""
        self._write()
        for writer in self._writers.values():
            writer.close()

    def of(self, chrom: str) -> pa.Table | None:
        """The alleles of a contig in the file's order; None where there are none."""
        names = list(self._writers)
        if chrom not in names:
            return None
        with pa.memory_map(str(self._folder / str(names.index(chrom)))) as source:
            return pa.ipc.open_file(source).read_all()

    def __enter__(self) -> "_Spill":
        return self

    def __exit__(self, *error: object) -> None:
        self._waiting = {}


class _Kept:
    """The alleles of a spill in genome order, each once."""

    def __init__(self, spill: _Spill, genome: Genome, drop: Any, without: "Sites | None") -> None:
        self._spill, self._genome, self._drop, self._without = spill, genome, drop, without

    def __iter__(self) -> Iterator[Variant]:
        for chrom in self._genome.lengths:
            table = self._spill.of(chrom)
            if table is None:
                continue
            order = [("pos", "ascending"), ("ref", "ascending"), ("alt", "ascending"), ("record", "ascending")]
            taken = self._without.on(chrom) if self._without else frozenset()
            before: tuple[int, str, str] | None = None
            for batch in table.sort_by(order).to_batches(_HELD):
                for name, pos, ref, alt, record in zip(*(batch[i].to_pylist() for i in range(len(_ALLELE)))):
                    key = pos, ref, alt
                    reason = "duplicate" if key == before else "in_the_set" if key in taken else None
                    before = key
                    if reason:
                        self._drop([Dropped(chrom, pos, ref, alt, record, reason)])
                    else:
                        yield Variant(name, chrom, pos, ref, alt, record)


class Sites:
    """Alleles of a `sites` table, looked up contig by contig."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def on(self, chrom: str) -> frozenset[tuple[int, str, str]]:
        """(pos, ref, alt) of every allele on a contig."""
        import pyarrow.parquet as pq

        table = pq.read_table(self._path, columns=["pos", "ref", "alt"], filters=[("chrom", "=", chrom)])
        return frozenset(zip(*(table[name].to_pylist() for name in ("pos", "ref", "alt"))))
