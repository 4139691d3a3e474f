"""ATAC fragments: a 10x fragments file to arrays per contig, and cut sites.

Fragments are 0-based half-open and already Tn5-shifted, so the two cuts are at ``start`` and ``end - 1``.
"""

import gzip
import io
import itertools
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from presage.errors import UserError
from presage.sequence.reference.contigs import ContigMap, match_contigs
from presage.sequence.samples.barcodes import Barcodes

_BLOCK = 1 << 24  # bytes of text that are parsed at a time
_COLUMNS = {"chrom": pa.string(), "start": pa.int64(), "end": pa.int64(), "barcode": pa.string()}


@dataclass(frozen=True)
class Fragments:
    """Fragments of one contig.

    Attributes
    ----------
    cell : int32 [fragments], index of the cell
    start, end : int64 [fragments]
    """

    cell: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.cell)

    def take(self, keep: np.ndarray) -> "Fragments":
        """The fragments that ``keep`` (bool or indices) chooses."""
        return Fragments(self.cell[keep], self.start[keep], self.end[keep])

    def unique(self) -> "Fragments":
        """Each (cell, start, end) once, sorted by start, end, cell."""
        order = np.lexsort((self.cell, self.end, self.start))
        rows = self.take(order)
        new = (np.diff(rows.start) != 0) | (np.diff(rows.end) != 0) | (np.diff(rows.cell) != 0)
        return rows.take(np.concatenate([np.ones(min(1, len(rows)), dtype=bool), new]))

    def cuts(self) -> tuple[np.ndarray, np.ndarray]:
        """(position, cell) of the two transposase cuts of each fragment, [2 * fragments]."""
        return np.concatenate([self.start, self.end - 1]), np.concatenate([self.cell, self.cell])


class FragmentFile:
    """A fragments file, read once from front to end, a few hundred thousand lines at a time.

    Lines that start with ``#`` are skipped; columns after the fourth (read-pair count) do not matter: a line is a
    fragment, and a file with four columns is a file in which each was seen once.

    Raises :class:`UserError`, on the way, for a file that is truncated, no fragments file, or not sorted by contig and
    start, and from :meth:`match` for one whose contigs do not match the genome.

    Attributes
    ----------
    total, by_contig : fragments so far
    lengths : furthest end on each contig so far
    """

    def __init__(self, path: str | Path, barcodes: Barcodes) -> None:
        self.path, self._barcodes = Path(path), barcodes
        self.by_contig: Counter[str] = Counter()
        self.lengths: dict[str, int] = {}

    @property
    def total(self) -> int:
        return sum(self.by_contig.values())

    def read(self) -> Iterator[tuple[str, Fragments, np.ndarray]]:
        """(contig in the file's spelling, its next fragments in labelled cells, barcode numbers of all others)."""
        for chrom, start, end, cell in self._parts():
            self.by_contig[chrom] += len(start)
            self.lengths[chrom] = max(self.lengths.get(chrom, 0), int(end.max()))
            keep = cell < self._barcodes.known
            yield chrom, Fragments(cell[keep].astype(np.int32), start[keep], end[keep]), cell[~keep]
        if not self.total:
            raise UserError(self.path, "holds no fragments", "give the file that the pipeline wrote")

    def match(self, reference: Mapping[str, int] | None) -> ContigMap:
        """Contig names of the file, all read, to those of a genome (contig -> bp; None: every contig as it is)."""
        if reference is None:
            return ContigMap({name: name for name in self.by_contig})
        contigs = match_contigs(self.path, dict.fromkeys(self.by_contig), reference)
        for theirs, ours in contigs.names.items():
            if self.lengths[theirs] > reference[ours]:
                raise UserError(
                    self.path,
                    f"a fragment ends at {theirs}:{self.lengths[theirs]:,}, past the contig's {reference[ours]:,} bp",
                    "give the genome it was made with (hg19 is not hg38)",
                )
        return contigs

    def _parts(self) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
        """(contig, start, end, barcode number) of runs of lines on one contig, checked for order."""
        done: set[str] = set()
        current, last = None, 0
        for batch in self._batches():
            if any(column.null_count for column in batch.columns):
                raise UserError(self.path, "has an empty cell in the first four columns", "write it again")
            chroms = batch["chrom"].dictionary_encode()
            names, code = chroms.dictionary.to_pylist(), chroms.indices.to_numpy()
            start, end = batch["start"].to_numpy(), batch["end"].to_numpy()
            if (start < 0).any() or (end <= start).any():
                raise UserError(self.path, "holds a fragment without length", "write it again with the pipeline")
            cell = self._numbers(batch["barcode"])
            edges = np.flatnonzero(np.diff(code)) + 1
            for a, b in zip([0, *edges], [*edges, len(code)]):
                name = names[code[a]]
                if name != current:
                    done.add(current or "")
                    current, last = name, 0
                if name in done or start[a] < last or (np.diff(start[a:b]) < 0).any():
                    raise UserError(self.path, f"is not sorted ({name})", "sort it: `sort -k1,1 -k2,2n`, then bgzip")
                last = int(start[b - 1])
                yield name, start[a:b], end[a:b], cell[a:b]

    def _numbers(self, column: pa.Array) -> np.ndarray:
        encoded = column.dictionary_encode()
        numbers = [self._barcodes.number(barcode) for barcode in encoded.dictionary.to_pylist()]
        return np.array(numbers, dtype=np.int64)[encoded.indices.to_numpy()]

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with _open(self.path) as stream:
            if not stream.peek(1):
                return
            names = [f"f{i}" for i in range(_width(stream))]
            convert = pa.csv.ConvertOptions(
                column_types=dict(zip(names, _COLUMNS.values())), include_columns=names[: len(_COLUMNS)]
            )
            reader = pa.csv.open_csv(
                stream,
                pa.csv.ReadOptions(column_names=names, block_size=_BLOCK, use_threads=False),
                pa.csv.ParseOptions(delimiter="\t", quote_char=False),
                convert,
            )
            for batch in reader:
                yield batch.rename_columns(list(_COLUMNS))


def first_barcodes(path: str | Path, lines: int = 20_000) -> list[str]:
    """Distinct barcodes of the first lines of a fragments file, sorted."""
    with _open(Path(path)) as stream:
        rows = (line.rstrip(b"\n").split(b"\t") for line in itertools.islice(stream, lines))
        return sorted({row[3].decode() for row in rows if len(row) > 3})


@contextmanager
def _open(path: Path) -> "Iterator[io.BufferedReader[Any]]":
    """The file's text as bytes, plain or gzipped, behind its ``#`` lines; problems are told as :class:`UserError`."""
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            with io.BufferedReader(gzip.open(raw), 1 << 20) if zipped else raw as stream:
                while stream.peek(1)[:1] == b"#":
                    stream.readline()
                yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(path, f"is truncated or corrupt ({error})", "copy it again") from None
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(path, f"is no fragments file ({reason})", "columns: chrom start end barcode") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None


def _width(stream: "io.BufferedReader[Any]") -> int:
    """Columns of the line that comes next."""
    head = stream.peek(1 << 16).split(b"\n", 1)[0]
    return max(len(_COLUMNS), head.count(b"\t") + 1)
