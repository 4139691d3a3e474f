"""Counts of an h5ad file or a zarr store of anndata, read in pieces: what it holds need not fit into memory.

A matrix is read in blocks of whole rows (CSR, dense) or whole columns (CSC), as it lies on disk. Whether it holds whole
numbers shows on the way: the first number that is not whole ends its reading.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from presage.errors import UserError

CHUNK = 4_000_000  # numbers in memory at a time: about 100 MB with their working copies
_LARGEST_LOG, _ROUNDING, _OFF_SHARE = 30.0, 0.02, 0.001
_TOO_MANY = 2**31  # of one gene in one cell; a power of two, which float32 holds
Block = tuple[slice, slice, Any]  # rows, columns, and their part of the matrix as CSR or CSC


class GroupSums(NamedTuple):
    """Counts added up by group: ``sums`` int64 CSR [groups, genes], ``var`` of the genes, their ``origin`` in words,
    and ``umis`` int64 [cells], counts of each cell.
    """

    sums: sparse.csr_matrix
    var: pd.DataFrame
    origin: str
    umis: np.ndarray


def is_h5ad(path: str | Path) -> bool:
    """Whether a path names an h5ad file or a zarr store."""
    return Path(path).suffix in (".h5ad", ".zarr")


@contextlib.contextmanager
def open_h5ad(path: str | Path) -> Iterator[Any]:
    """The open root group (h5py or zarr). Raises :class:`UserError` for what is no such file, also while it is read."""
    try:
        if Path(path).suffix == ".zarr":
            import zarr

            yield zarr.open_group(str(path), mode="r")
            return
        import h5py

        with h5py.File(path, "r") as file:
            yield file
    except UserError:
        raise
    except Exception as error:  # h5py, zarr and anndata raise many kinds for a broken file
        told = " ".join(str(error).split())[:200]
        raise UserError(path, f"cannot be read as h5ad ({type(error).__name__}: {told})", "write it again") from None


def read_obs(path: str | Path) -> pd.DataFrame:
    """The table of cells, indexed by their names."""
    with open_h5ad(path) as root:
        return _table(path, root, "obs")


def read_obsm(path: str | Path, key: str) -> np.ndarray:
    """An embedding of the cells: float32 [cells, dims].

    Raises :class:`UserError` when there is none of that name, or it is no finite matrix.
    """
    from anndata.io import read_elem

    with open_h5ad(path) as root:
        there = sorted(root["obsm"].keys()) if "obsm" in root else []
        if key not in there:
            raise UserError(path, f"has no obsm[{key!r}]", f"it has {', '.join(there) or 'none'}")
        values = np.asarray(read_elem(root["obsm"][key]))
    if values.ndim != 2 or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise UserError(path, f"obsm[{key!r}] is no matrix of finite numbers", "embed the cells again")
    return values.astype(np.float32)


def count_groups(path: str | Path, group: np.ndarray, groups: int, chunk: int = CHUNK) -> GroupSums:
    """Molecule counts summed by ``group`` (int [cells], -1 = in none), in pieces of about ``chunk`` numbers.

    Counts are taken from ``layers['counts']``, ``X`` or ``raw.X``, whichever first holds whole numbers; else recovered
    from values that are log1p of counts scaled per cell (as scanpy leaves them in ``raw``): a cell's smallest value is
    then one count. Raises :class:`UserError` when there is neither.
    """

    def summed(blocks: Iterator[Block], shape: tuple[int, int]) -> tuple[sparse.csr_matrix, np.ndarray]:
        umis = np.zeros(shape[0], dtype=np.int64)
        total = sparse.csr_matrix((groups, shape[1]), dtype=np.int64)
        columns = []
        for rows, cols, block in blocks:
            umis[rows] += np.asarray(block.sum(axis=1), dtype=np.int64).ravel()
            part = group_sums(block, group[rows], groups)
            if cols == slice(0, shape[1]):
                total = total + part
            else:
                columns.append(part)
        return (sparse.hstack(columns, format="csr") if columns else total), umis

    (sums, umis), var, origin = _counted(path, chunk, summed)
    return GroupSums(sums, var, origin, umis)


def read_counts(path: str | Path, chunk: int = CHUNK) -> tuple[sparse.csr_matrix, pd.DataFrame, str]:
    """All molecule counts: int32 CSR [cells, genes], var, their origin; found as by :func:`count_groups`."""

    def stacked(blocks: Iterator[Block], shape: tuple[int, int]) -> sparse.csr_matrix:
        parts, by_columns = [], False
        for rows, cols, block in blocks:
            by_columns = rows == slice(0, shape[0]) and cols != slice(0, shape[1])
            parts.append(block.astype(np.int32))
        if not parts:
            return sparse.csr_matrix(shape, dtype=np.int32)
        whole = sparse.hstack(parts) if by_columns else sparse.vstack(parts)
        whole = sparse.csr_matrix(whole)
        whole.eliminate_zeros()
        return whole

    return _counted(path, chunk, stacked)


def group_sums(matrix: Any, group: np.ndarray, groups: int) -> sparse.csr_matrix:
    """Rows of ``matrix`` summed by ``group`` (int [rows], -1 = left out): int64 [groups, genes]."""
    rows = np.flatnonzero(group >= 0)
    chooser = sparse.csr_matrix((np.ones(len(rows), dtype=np.int64), (group[rows], rows)), (groups, matrix.shape[0]))
    return sparse.csr_matrix(chooser @ matrix)


def gene_names(var: pd.DataFrame, genes: pd.DataFrame | None) -> list[str]:
    """Identifier of each gene of an h5ad: the genome's gene_id where var has it as id or symbol, else its own name."""
    known: Mapping[str, str] = {}
    if genes is not None and len(genes):
        unique = genes[~genes["name"].duplicated(keep=False)]
        known = dict(zip(unique["name"], unique["gene_id"])) | {g: g for g in genes["gene_id"]}
    ids = var["gene_ids"].astype(str) if "gene_ids" in var else var.index.astype(str)
    bare = pd.Series(np.asarray(ids)).str.replace(r"^(ENS[A-Z]*G\d+)\.\d+", r"\1", regex=True)
    others = [var[column].astype(str) for column in SYMBOLS if column in var]
    asked = zip(bare, var.index.astype(str), *others)
    return [next((known[name] for name in names if name in known), names[0]) for names in asked]


SYMBOLS = ("feature_name", "gene_name", "gene_symbols", "gene_symbol", "symbol", "name")
"""Columns of var in which people keep symbols (the first is CELLxGENE's)."""


# ---- finding the counts ----------------------------------------------------------------------------------------


class _NotCounts(Exception):
    """The matrix holds something else."""


def _counted(
    path: str | Path, chunk: int, use: Callable[[Iterator[Block], tuple[int, int]], Any]
) -> tuple[Any, pd.DataFrame, str]:
    """What ``use`` makes of the blocks of the counts, with the genes and where the counts are."""
    with open_h5ad(path) as root:
        places = [("layers['counts']", "layers/counts", "var"), ("X", "X", "var"), ("raw.X", "raw/X", "raw/var")]
        places.append(("raw.X", "raw.X", "raw.var"))  # as anndata before 0.7 wrote it
        there = [(name, root[key], var) for name, key, var in places if key in root]
        ways: list[tuple[str, Callable[[Any, int], Iterator[Block]]]] = [
            ("", _whole),
            (", counts recovered from log1p of scaled counts", _undo_log1p),
        ]
        for words, blocks in ways:
            for name, stored, var in there:
                with contextlib.suppress(_NotCounts):
                    found = use(blocks(stored, chunk), _shape(stored))
                    return found, _table(path, root, var), name + words
    raise UserError(
        path, "holds no counts (X, layers['counts'] and raw are neither whole nor log1p)", "add layers['counts']"
    )


def _table(path: str | Path, root: Any, key: str) -> pd.DataFrame:
    """One of the tables of an open file. Those of anndata before 0.7 have parts elsewhere, which only anndata knows."""
    import anndata
    from anndata.io import read_elem

    if hasattr(root[key], "keys"):
        return read_elem(root[key])
    data = anndata.read_h5ad(path, backed="r")
    tables = {"obs": data.obs, "var": data.var, "raw.var": data.raw.var if data.raw is not None else None}
    data.file.close()
    return tables[key]


def _shape(stored: Any) -> tuple[int, int]:
    if hasattr(stored, "shape"):
        rows, columns = stored.shape
    else:
        from anndata.io import sparse_dataset

        rows, columns = sparse_dataset(stored).shape
    return int(rows), int(columns)


def _blocks(stored: Any, chunk: int) -> Iterator[Block]:
    """A stored matrix in pieces of about ``chunk`` numbers (one row or column at least)."""
    rows, columns = _shape(stored)
    every_row, every_column = slice(0, rows), slice(0, columns)
    if hasattr(stored, "shape"):
        step = max(1, chunk // max(1, columns))
        for start in range(0, rows, step):
            here = slice(start, min(start + step, rows))
            yield here, every_column, sparse.csr_matrix(stored[here, :])
        return
    from anndata.io import sparse_dataset

    backed = sparse_dataset(stored)
    ends = np.asarray(stored["indptr"][:], dtype=np.int64)
    numbers = stored["indices"].shape[0]
    # What scipy does with such a matrix is to read outside its memory; its own check passes over a negative end.
    if ends[0] != 0 or (np.diff(ends) < 0).any() or not ends[-1] == numbers == stored["data"].shape[0]:
        raise ValueError("the index pointer of a sparse matrix is damaged")
    start = 0
    while start < len(ends) - 1:
        end = max(start + 1, int(np.searchsorted(ends, ends[start] + chunk, side="right")) - 1)
        here = slice(start, min(end, len(ends) - 1))
        start = here.stop
        block = backed[here] if backed.format == "csr" else backed[:, here]
        block.check_format(full_check=True)  # an index outside the matrix would be read from outside the memory
        yield (here, every_column, block) if backed.format == "csr" else (every_row, here, block)


def _whole(stored: Any, chunk: int) -> Iterator[Block]:
    """The blocks of a matrix of whole numbers, int64. Raises :class:`_NotCounts` at the first other number."""
    for rows, cols, block in _blocks(stored, chunk):
        values = block.data
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise _NotCounts
        if (values < 0).any() or (values >= _TOO_MANY).any():
            raise _NotCounts
        if values.dtype.kind == "f" and (values != np.rint(values)).any():
            raise _NotCounts
        yield rows, cols, block.astype(np.int64)


def _undo_log1p(stored: Any, chunk: int) -> Iterator[Block]:
    """The blocks of the whole counts behind log1p(counts * scale of the cell), int64; two readings.

    Raises :class:`_NotCounts` where there are none, at the latest after the last block.
    """
    unit = np.full(_shape(stored)[0], np.inf)  # expm1 of each cell's smallest value
    nonzero = 0
    for rows, _, block in _blocks(stored, chunk):
        block.eliminate_zeros()
        nonzero += block.nnz
        values = block.data
        if not np.isfinite(values).all() or (values < 0).any() or (values > _LARGEST_LOG).any():
            raise _NotCounts
        np.minimum.at(unit[rows], _row_of_each(block), np.expm1(values.astype(np.float64)))
    if not nonzero:
        raise _NotCounts
    off = 0
    for rows, cols, block in _blocks(stored, chunk):
        block.eliminate_zeros()
        counts = np.expm1(block.data.astype(np.float64)) / unit[rows][_row_of_each(block)]
        off += int((np.abs(counts - np.rint(counts)) > _ROUNDING * counts).sum())
        if off > _OFF_SHARE * nonzero or (counts >= _TOO_MANY).any():
            raise _NotCounts
        # Not by astype: that sorts what is unsorted on disk, and the counts would belong to other places.
        whole = np.rint(counts).astype(np.int64)
        yield rows, cols, type(block)((whole, block.indices, block.indptr), shape=block.shape)


def _row_of_each(block: Any) -> np.ndarray:
    """Row of every stored number of a block."""
    if block.format == "csc":
        return block.indices
    return np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
