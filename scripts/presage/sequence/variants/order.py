"""Any number of rows in order, with a bounded number of them in memory: a sort in runs on disk that are merged."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pyarrow as pa

Row = TypeVar("Row", bound=tuple[Any, ...])

_HELD = 250_000  # rows in memory: about 60 MB of alleles
_READ = 1024  # of each run


def in_order(rows: Iterable[Row], held: int = _HELD) -> Iterator[Row]:
    """Plain tuples of str, int and float, all alike, sorted as tuples are. All are taken before the first is given.

    No more than ``held`` are in memory; if there are more, sorted runs of them lie in a folder of ``$TMPDIR`` until
    they have been merged.
    """
    rows = iter(rows)
    run = sorted(islice(rows, held))
    ahead = next(rows, None)
    if ahead is None:
        yield from run
        return
    with TemporaryDirectory(prefix="presage-sort-") as folder:
        paths = [_write(run, Path(folder) / "0")]
        while ahead is not None:
            run = sorted([ahead, *islice(rows, held - 1)])
            ahead = next(rows, None)
            paths.append(_write(run, Path(folder) / str(len(paths))))
        del run
        yield from heapq.merge(*(_read(path) for path in paths))


def _write(run: list[Row], path: Path) -> Path:
    table = pa.table({str(i): pa.array(column) for i, column in enumerate(zip(*run))})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=_READ)
    return path


def _read(path: Path) -> Iterator[Any]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
        for batch in batches:
            yield from zip(*(column.to_pylist() for column in batch.columns))
