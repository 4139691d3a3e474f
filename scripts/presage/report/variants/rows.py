"""A `scores` table of any length, read once in batches: what a page keeps of it is small and of constant size.

The rows of a variant are consecutive and its tracks come in one order, so a column is a matrix ``[variants, tracks]``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from presage.sequence.reference.folds import FOLDS, OUTSIDE

TOP = 5_000  # variants of which all rows are kept
ROWS = 150_000  # of these variants at most, but at least those of
FEW = 50  # variants, which figures need
SURE, ALPHA = 0.8, 0.05  # sign agreement that counts as agreement, and the level of p
LIMIT = 30.0  # largest effect in units of its SD that is told apart
_WIDE, _HIGH = 640, 400  # cells of the cloud: finer than its points
_FOLDS = [*FOLDS, OUTSIDE]


class Overview(NamedTuple):
    """What a page shows of a set.

    Attributes
    ----------
    variants : how many were scored
    tracks : columns ``track cell_type assay``, in the order of each variant's rows
    folds : variants by fold
    height : what tells an effect from noise, in a variant's strongest track: ``p_null`` where any variant has one, else
        ``ratio`` (|log_fc| over its SD), else empty
    without : variants without a height
    passed : variants whose strongest track has p <= 0.05 and is not :func:`in_doubt`
    cloud : columns ``log_fc height fold assay variants``: places of the strongest tracks, those within a 640th of the
        width and a 400th of the height counted together; height is -log10 p or the ratio, at most 30
    top : all rows of the variants that are kept, those with the largest |log_fc| in any track of their main strand,
        with ``rank`` from 1; ties keep the table's order
    """

    variants: int
    tracks: pd.DataFrame
    folds: dict[str, int]
    height: str
    without: int
    passed: int
    cloud: pd.DataFrame
    top: pd.DataFrame


def overview(path: str | Path, keep: int = TOP) -> Overview:
    """Read the `scores` table at ``path``, all of it once, and the rows of the ``keep`` strongest variants again (fewer
    where these would be more than :data:`ROWS`)."""
    file = pq.ParquetFile(path, read_dictionary=["fold"])
    tracks, height = _tracks(file), _height(file)
    each = max(1, len(tracks))
    assays = list(dict.fromkeys(tracks["assay"]))
    assay = np.array([assays.index(name) for name in tracks["assay"]], int)
    high = _largest(file, "log_fc")
    cloud = _Cloud(high or 1.0, _top_of(file, height), len(assays))
    best = _Best(min(keep, max(FEW, ROWS // each)))
    folds, variants, without, passed = np.zeros(len(_FOLDS), int), 0, 0, 0
    for block in _blocks(file, each):
        row = np.where(block["main_strand"] > 0, np.abs(block["log_fc"]), -1.0).argmax(axis=1)
        log_fc, sd, p, sure = (
            np.take_along_axis(block[name], row[:, None], 1)[:, 0]
            for name in ("log_fc", "log_fc_sd", "p_null", "sign_agreement")
        )
        best.add(np.abs(log_fc))
        folds += np.bincount(block["fold"], minlength=len(_FOLDS))
        y = _heights(height, log_fc, sd, p)
        known = np.isfinite(y)
        cloud.add(block["fold"][known], assay[row[known]], log_fc[known], y[known])
        variants, without = variants + len(row), without + int((~known).sum())
        passed += int(((p <= ALPHA) & ~in_doubt(log_fc, sd, p, sure)).sum())
    return Overview(
        variants,
        tracks,
        {name: int(n) for name, n in zip(_FOLDS, folds) if n},
        height,
        without if height else variants,
        passed,
        cloud.points(assays),
        _take(file, best.rows, each),
    )


def in_doubt(log_fc: Any, sd: Any, p: Any, sign_agreement: Any) -> Any:
    """Effects (arrays or columns) whose predictions differ in sign, or more than the effect is large, or that null
    variants often reach: bool. An unknown ``sd`` or ``p`` is no doubt."""
    return (sign_agreement < SURE) | (p > ALPHA) | (sd > np.abs(log_fc))


def row_groups(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.Table]:
    """The row groups of a file in turn. (``iter_batches`` keeps what it read of texts until it ends.)"""
    for group in range(file.metadata.num_row_groups):
        yield file.read_row_group(group, columns=columns)


def _tracks(file: pq.ParquetFile) -> pd.DataFrame:
    """The tracks of the first variant, which are those of all."""
    columns = ["track", "cell_type", "assay"]
    frame = pd.DataFrame(columns=columns)
    for group in row_groups(file, columns):
        frame = pd.concat([frame, group.to_pandas()], ignore_index=True) if len(frame) else group.to_pandas()
        again = frame["track"].duplicated().to_numpy()
        if again.any():
            return frame.iloc[: int(again.argmax())]
    return frame


def _bounds(file: pq.ParquetFile, name: str) -> Iterator[tuple[float, float]]:
    """Smallest and largest value of a column in each row group that has any, from the file's own statistics."""
    column = file.schema_arrow.get_field_index(name)
    for group in range(file.metadata.num_row_groups):
        found = file.metadata.row_group(group).column(column).statistics
        if found is not None and found.has_min_max:
            yield found.min, found.max


def _largest(file: pq.ParquetFile, name: str) -> float:
    return max((max(abs(low), abs(high)) for low, high in _bounds(file, name)), default=0.0)


def _height(file: pq.ParquetFile) -> str:
    known = ((name, kind) for name, kind in (("p_null", "p_null"), ("log_fc_sd", "ratio")) if any(_bounds(file, name)))
    return next((kind for _, kind in known), "")


def _top_of(file: pq.ParquetFile, height: str) -> float:
    """The largest height that the cloud must hold."""
    if height != "p_null":
        return LIMIT
    return max(1.5, -np.log10(min(low for low, _ in _bounds(file, "p_null"))))


def _heights(height: str, log_fc: np.ndarray, sd: np.ndarray, p: np.ndarray) -> np.ndarray:
    """-log10 p, or |log_fc| over its SD (0 where there is no effect); NaN where it is not known."""
    if height == "p_null":
        return -np.log10(p)
    if not height:
        return np.full(len(p), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.minimum(np.abs(log_fc) / sd, LIMIT)
    return np.where(log_fc == 0, 0.0, ratio)


def _blocks(file: pq.ParquetFile, each: int) -> Iterator[dict[str, np.ndarray]]:
    """float64 ``[variants, tracks]`` of each number, and ``fold`` int ``[variants]``: an index into ``_FOLDS``."""
    numbers = ["log_fc", "log_fc_sd", "p_null", "sign_agreement", "main_strand"]
    rest = None
    for group in row_groups(file, [*numbers, "fold"]):
        table = group if rest is None else pa.concat_tables([rest, group])
        whole = len(table) // each * each
        rest = table.slice(whole)
        if whole:
            now = table.slice(0, whole)
            folds = pd.Categorical(now["fold"].take(np.arange(0, whole, each)).to_pandas(), _FOLDS)
            yield {
                **{name: now[name].to_numpy().astype(float).reshape(-1, each) for name in numbers},
                "fold": folds.codes.astype(int),
            }


class _Best:
    """The row numbers of the largest values among those that were added; of equal ones the first."""

    def __init__(self, keep: int) -> None:
        self._keep, self._seen = keep, 0
        self._value, self.rows = np.empty(0), np.empty(0, int)

    def add(self, values: np.ndarray) -> None:
        value = np.concatenate([self._value, values])
        rows = np.concatenate([self.rows, self._seen + np.arange(len(values))])
        first = np.lexsort((rows, -value))[: self._keep]
        self._value, self.rows = value[first], rows[first]
        self._seen += len(values)


class _Cloud:
    """Points on a grid that is finer than they are drawn, counted: as many as there are cells at most."""

    def __init__(self, wide: float, high: float, assays: int) -> None:
        self._wide, self._high = wide, high
        self._counts = np.zeros((len(_FOLDS), max(1, assays), _HIGH + 1, _WIDE + 1), np.int64)

    def add(self, fold: np.ndarray, assay: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
        column = np.rint((x / self._wide + 1) / 2 * _WIDE).astype(int)
        row = np.rint(y / self._high * _HIGH).astype(int)
        np.add.at(self._counts, (fold, assay, row, column), 1)

    def points(self, assays: list[str]) -> pd.DataFrame:
        fold, assay, row, column = np.nonzero(self._counts)
        return pd.DataFrame(
            {
                "log_fc": (2 * column / _WIDE - 1) * self._wide,
                "height": row / _HIGH * self._high,
                "fold": np.array(_FOLDS, object)[fold],
                "assay": np.array(assays or [""], object)[assay],
                "variants": self._counts[fold, assay, row, column],
            }
        )


def _take(file: pq.ParquetFile, variants: np.ndarray, each: int) -> pd.DataFrame:
    """All columns of the rows of ``variants`` (numbers), in their order, read from the row groups that hold them."""
    wanted = np.sort((variants[:, None] * each + np.arange(each)).ravel())
    parts, first = [file.schema_arrow.empty_table()], 0
    for group in range(file.metadata.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows
        here = wanted[(wanted >= first) & (wanted < last)] - first
        if len(here):
            parts.append(file.read_row_group(group).take(here))
        first = last
    rows = pa.concat_tables(parts).to_pandas()
    rank = pd.Series(np.arange(1, len(variants) + 1), index=variants)
    rows["rank"] = rank.loc[np.repeat(np.sort(variants), each)].to_numpy()
    rows["fold"] = rows["fold"].astype(str)
    return rows.sort_values("rank", kind="stable", ignore_index=True)
