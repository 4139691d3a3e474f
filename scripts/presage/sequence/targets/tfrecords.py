"""Baskerville training sets (TFRecords, sequences.bed, targets.txt, statistics.json) without tensorflow.

Layout as ``src/baskerville/scripts/hound_data.py`` and ``hound_data_write.py`` of calico/baskerville write it.
"""

import csv
import fnmatch
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from presage import text_table
from presage.errors import UserError
from presage.progress import progress
from presage.sequence.reference.folds import FOLDS, published
from presage.sequence.targets.records import read_tfrecords
from presage.sequence.targets.scaling import Scale, from_targets_txt
from presage.sequence.targets.target_set import TargetSet, TargetWriter

_SAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_NUMBERS, _NUMBER = ("", "strand_pair"), re.compile("[0-9]{1,9}")
_NEEDED = ("num_targets", "seq_length", "pool_width", "crop_bp", "target_length")


def read_targets_txt(path: str | Path) -> pd.DataFrame:
    """The tracks of a baskerville ``targets.txt``: slug (safe in a path), name, strand_pair (row of the other strand).

    Where the file has no column strand_pair, identifiers that differ only in their last + or - are partners.

    Raises :class:`UserError` when columns are missing, identifiers repeat or strand pairs are not mutual.
    """
    rows = _rows(path)
    slugs = [_SAFE.sub("_", row["identifier"]) for row in rows]
    if len(set(slugs)) < len(slugs):
        raise UserError(path, "identifiers repeat", "make them unique")
    numbers = [int(row.get("") or i) for i, row in enumerate(rows)]
    if "strand_pair" not in rows[0]:
        row_of = dict(zip(slugs, numbers))
        for row, slug in zip(rows, slugs):
            other = slug[:-1] + {"+": "-", "-": "+"}.get(slug[-1], slug[-1])
            row["strand_pair"] = str(row_of.get(other, row_of[slug]))
    place = {number: i for i, number in enumerate(numbers)}
    pairs = [place.get(int(row.get("strand_pair") or n), -1) for row, n in zip(rows, numbers)]
    for i, pair in enumerate(pairs):
        if pair < 0 or pairs[pair] != i:
            raise UserError(
                path, f"track {slugs[i]} has strand pair {rows[i]['strand_pair']}, which does not point back"
            )
    names = [row["description"] + (row["identifier"][-1] if pairs[i] != i else "") for i, row in enumerate(rows)]
    return pd.DataFrame({"slug": slugs, "name": names, "strand_pair": np.asarray(pairs, np.int64)})


def read_scale(
    path: str | Path, bin_size: int, transform_old: bool = False, rows: Sequence[int] | np.ndarray | None = None
) -> tuple[Scale, str]:
    """How tracks (``rows``; default: all) of a ``targets.txt`` were scaled, and that in words.

    Read from the columns sum_stat, scale, clip_soft and clip, of which each may be absent.

    The file cannot tell which form of the transform was used: ``sum_sqrt`` is a square root, and a power of 3/4 where
    hound_data ran with ``--transform_old``.
    """
    try:
        table = _rows(path)
        scale, unknown = from_targets_txt(table if rows is None else [table[i] for i in rows], bin_size, transform_old)
    except ValueError as error:
        raise UserError(path, f"has a scale or clip that is no positive number ({error})", "correct it") from None
    note = f"as in the TFRecords, by targets.txt{' and --transform_old' if transform_old else ''}: {scale.note}"
    return scale, note + (f"; {', '.join(unknown)} of a bin is taken as its sum" if unknown else "")


def import_baskerville(
    folder: str | Path,
    out: str | Path,
    patterns: Sequence[str] = ("*",),
    *,
    test_folds: Sequence[str] = ("test", "fold3"),
    valid_folds: Sequence[str] = ("valid", "fold4"),
    transform_old: bool = False,
) -> TargetSet:
    """Write the tracks of a baskerville folder whose slug or name fits ``patterns`` as ``out``, a ``targets.zarr``.

    Windows come train, valid, test, and within each by fold in the order of ``sequences.bed``, which is the order of
    the records; its intervals are the predicted part, and the input reaches ``crop_bp`` further on both sides. One
    record is in memory at a time. Features besides sequence and target (umap) are passed over.

    Parameters
    ----------
    test_folds, valid_folds
        Labels of ``sequences.bed`` (train, valid, test, or fold0 and so on) that are test and validation; all else is
        train.
    transform_old
        The set was made with hound_data's ``--transform_old``, as the data of the Borzoi manuscript.

    Raises :class:`UserError` when files are missing or do not agree on counts or shapes.
    """
    folder = Path(folder)
    for name in ("statistics.json", "sequences.bed", "targets.txt", "tfrecords"):
        if not (folder / name).exists():
            raise UserError(folder / name, "is missing", "give a folder that baskerville's hound_data wrote")
    stats = _statistics(folder / "statistics.json")
    table = read_targets_txt(folder / "targets.txt")
    if len(table) != stats["num_targets"]:
        raise UserError(
            folder / "targets.txt",
            f"lists {len(table)} tracks, statistics.json {stats['num_targets']}",
            "copy it again",
        )
    wanted = _wanted(table, patterns, folder / "targets.txt")
    windows = _windows(folder / "sequences.bed", stats, test_folds, valid_folds)
    files = {label: _files(folder / "tfrecords", label) for label in windows["label"].unique()}
    scale, note = read_scale(folder / "targets.txt", stats["pool_width"], transform_old, wanted)
    with TargetWriter(
        out,
        windows,
        list(table["slug"].iloc[wanted]),
        stats["pool_width"],
        names=list(table["name"].iloc[wanted]),
        strand_pair=np.searchsorted(wanted, table["strand_pair"].to_numpy()[wanted]),
        sequence_length=stats["seq_length"],
    ) as writer:
        for label, paths in files.items():
            rows = np.flatnonzero((windows["label"] == label).to_numpy())
            number = 0
            for sequence, target in progress(_records(paths, stats), f"records of {label}", "window", len(rows)):
                if number < len(rows):
                    writer.write(rows[[number]], target[:, wanted][None], sequence[None])
                number += 1
            if number != len(rows):
                raise UserError(
                    folder, f"has {number} {label} records for {len(rows)} windows in sequences.bed", "copy it again"
                )
        writer.finish(scale, applied=True, note=note)
    return TargetSet.open(out)


def _rows(path: str | Path) -> list[dict[str, str]]:
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t", restval=""))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(path, f"cannot be read as a table ({error})", "give a baskerville targets.txt") from None
    if not rows or not {"identifier", "description"} <= set(rows[0]):
        raise UserError(path, "has no columns identifier and description", "give a baskerville targets.txt")
    for number, row in enumerate(rows, start=2):
        if None in row or not row["identifier"] or not all(_NUMBER.fullmatch(row.get(n) or "0") for n in _NUMBERS):
            todo = f"identifier may not be empty; {_NUMBERS[1]} and the first column are row numbers"
            raise UserError(f"{path} row {number}", "is no row of a baskerville targets.txt", todo)
    return rows


def _statistics(path: Path) -> dict[str, int]:
    try:
        stats = json.loads(path.read_text(encoding="utf-8"))
        sizes = {name: int(stats[name]) for name in _NEEDED}
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise UserError(path, f"does not tell the set's shape ({error})", f"it needs {', '.join(_NEEDED)}") from None
    whole = sizes["target_length"] * sizes["pool_width"] + 2 * sizes["crop_bp"]
    if min(sizes.values()) < 0 or whole != sizes["seq_length"]:
        raise UserError(path, f"says {sizes['seq_length']} bp, but bins and crops are {whole}", "copy it again")
    return sizes


def _wanted(table: pd.DataFrame, patterns: Sequence[str], where: Path) -> np.ndarray:
    """Rows of the tracks that fit a pattern, both strands of a track or none."""
    ids = zip(table["slug"], table["name"])
    fits = [any(fnmatch.fnmatchcase(str(text), p) for p in patterns for text in pair) for pair in ids]
    wanted = np.flatnonzero(fits)
    if not len(wanted):
        raise UserError("track patterns", f"{list(patterns)} fit no track of {where}")
    if not set(wanted).issuperset(table["strand_pair"].iloc[wanted]):
        raise UserError("track patterns", f"{list(patterns)} take one strand of a track only", "take both or neither")
    return wanted


def _windows(bed: Path, stats: dict[str, int], test: Sequence[str], valid: Sequence[str]) -> pd.DataFrame:
    """``sequences.bed`` as a windows table in the order of :func:`import_baskerville`, with the fold's ``label``."""
    columns = ["chrom", "out_start", "out_end", "label"]
    try:
        raw = text_table.read_csv(bed, sep="\t", header=None, names=columns, usecols=range(4), dtype={0: str, 3: str})
    except ValueError as error:
        raise UserError(bed, f"cannot be read as BED ({error})", "the columns are chrom, start, end, fold") from None
    numbers = all(pd.api.types.is_integer_dtype(raw[name]) for name in ("out_start", "out_end"))
    if not numbers or raw[["chrom", "label"]].isna().any(axis=None):
        raise UserError(bed, "is not BED with a fold", "the columns are chrom, start, end, fold")
    span = stats["target_length"] * stats["pool_width"]
    if not (raw["out_end"] - raw["out_start"] == span).all():
        raise UserError(bed, f"has windows that are not {span} bp", "its intervals are what the targets cover")
    raw["fold"] = published(raw["label"], test, valid)
    order = sorted(raw["label"].unique(), key=lambda label: (int("".join(filter(str.isdecimal, label)) or 0), label))
    parts = [raw[(raw["fold"] == fold) & (raw["label"] == label)] for fold in FOLDS for label in order]
    raw = pd.concat(parts, ignore_index=True)
    start, end = raw["out_start"] - stats["crop_bp"], raw["out_end"] + stats["crop_bp"]
    return raw.assign(window=range(len(raw)), start=start, end=end, padded=np.maximum(0, -start))


def _files(folder: Path, label: str) -> list[Path]:
    """The record files of a fold in order; each number must be there."""
    numbers = {int(path.stem.rpartition("-")[2]) for path in folder.glob(f"{label}-*.tfr") if path.stem[-1].isdigit()}
    paths = [folder / f"{label}-{number}.tfr" for number in range(max(numbers, default=0) + 1)]
    present = set(folder.iterdir())
    for path in paths:
        if path not in present:
            raise UserError(path, "is missing", "copy the whole folder tfrecords")
    return paths


def _records(paths: Sequence[Path], stats: dict[str, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return (_arrays(example, stats, path) for path in paths for example in read_tfrecords(path))


def _arrays(example: dict[str, bytes], stats: dict[str, int], path: Path) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [length] and float16 [bins, tracks] of one example."""
    length, shape = stats["seq_length"], (stats["target_length"], stats["num_targets"])
    if not {"sequence", "target"} <= set(example):
        raise UserError(path, f"holds features {sorted(example)}", "expected sequence and target")
    raw = np.frombuffer(example["sequence"], np.uint8)
    target = np.frombuffer(example["target"], np.float16)
    if raw.size == 4 * length:  # older sets: one-hot bytes [length, 4]
        onehot = raw.reshape(length, 4)
        raw = np.where(onehot.any(1), onehot.argmax(1), 4).astype(np.uint8)
    if raw.size != length or target.size != shape[0] * shape[1]:
        raise UserError(
            path, f"record of {raw.size} bases and {target.size} values", f"statistics.json says {length}, {shape}"
        )
    if not (np.isfinite(target).all() and (target >= 0).all()):
        raise UserError(path, "holds negative or non-finite targets", "make the set from coverage without them")
    return raw, target.reshape(shape)
