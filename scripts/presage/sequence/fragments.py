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
from presage.sequence.genome import ContigMap, match_contigs
from presage.sequence.labels import Barcodes

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
    """A fragments file, read once from front to end; its contigs wait in ``spool`` so that memory stays flat.

    ``known`` barcodes as in :class:`presage.sequence.labels.Barcodes`. Lines that start with ``#`` are skipped; columns
    after the fourth (read-pair count) do not matter: a line is a fragment.

    Raises :class:`UserError` for a file that is truncated, no fragments file, not sorted by contig and start, or whose
    contigs do not match ``reference`` (contig -> bp; None: every contig as it is).
    """

    def __init__(self, path: str | Path, barcodes: Barcodes, spool: Path, reference: Mapping[str, int] | None) -> None:
        self.path, self._spool, self._barcodes = Path(path), Path(spool), barcodes
        self._spool.mkdir(parents=True, exist_ok=True)
        self.total, self.skipped = 0, Counter[str]()
        self._files: dict[str, Path] = {}
        self._refused: Counter[str] = Counter()
        seen: Counter[str] = Counter()
        furthest: dict[str, int] = {}
        for chrom, start, end, cell in self._parts():
            self.total += len(start)
            seen[chrom] += len(start)
            furthest[chrom] = max(furthest.get(chrom, 0), int(end.max()))
            keep = cell >= 0
            self._refused[chrom] += int((~keep).sum())
            with self._files.setdefault(chrom, self._spool / f"{len(self._files)}.npy").open("ab") as out:
                np.save(out, np.stack([cell[keep], start[keep], end[keep]]))
        if not self.total:
            raise UserError(path, "holds no fragments", "give the file that the pipeline wrote")
        self.lengths = furthest
        names = dict.fromkeys(seen)
        self.contigs = ContigMap({n: n for n in names}) if reference is None else match_contigs(path, names, reference)
        for theirs, ours in self.contigs.names.items():
            if reference is not None and furthest[theirs] > reference[ours]:
                raise UserError(
                    path,
                    f"a fragment ends at {theirs}:{furthest[theirs]:,}, past the contig's {reference[ours]:,} bp",
                    "give the genome it was made with (hg19 is not hg38)",
                )
        self._theirs = {ours: theirs for theirs, ours in self.contigs.names.items()}
        self.skipped["contig_not_in_genome"] = sum(seen[name] for name in self.contigs.missing)

    def read(self, chrom: str) -> tuple[Fragments, Counter[str]]:
        """Fragments of contig ``chrom`` (the genome's name) in known cells, and the number left out by reason."""
        parts, theirs = [np.empty((3, 0), dtype=np.int64)], self._theirs.get(chrom)
        if theirs is not None:
            with self._files[theirs].open("rb") as file:
                size = file.seek(0, 2)
                file.seek(0)
                while file.tell() < size:
                    parts.append(np.load(file))
        cell, start, end = np.concatenate(parts, axis=1)
        return Fragments(cell.astype(np.int32), start, end), Counter(
            not_labelled=self._refused[theirs] if theirs else 0
        )

    def _parts(self) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
        """(contig, start, end, cell number or -1) of runs of lines on one contig, checked for order."""
        done: set[str] = set()
        current, last = None, 0
        for batch in self._batches():
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
