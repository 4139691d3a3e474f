"""Baskerville training sets (TFRecords, sequences.bed, targets.txt, statistics.json) without tensorflow."""

import csv
import fnmatch
import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.sequence.targets import FOLDS, TargetSet

_SAFE = re.compile(r"[^A-Za-z0-9._+-]+")


def read_tfrecords(path: str | Path) -> Iterator[dict[str, bytes]]:
    """The examples of one zlib-compressed TFRecord file: feature name -> raw bytes.

    A record is a little-endian u64 length, a u32 checksum of it, the data, a u32 checksum of that. The zlib stream
    has its own checksum over all of it, so the records' own are not computed again.

    Raises :class:`UserError` when the file is truncated or of another kind.
    """
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(Path(path).read_bytes())
    except zlib.error as error:
        raise UserError(path, f"is not a zlib-compressed TFRecord file ({error})", "copy it again") from None
    if not inflate.eof:
        raise UserError(path, "ends before its zlib stream does", "copy it again")
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            raise UserError(path, f"record at byte {at} passes the end of the file", "copy it again")
        yield _example(data[at + 12 : at + 12 + length])
        at += 16 + length


def read_targets_txt(path: str | Path) -> pd.DataFrame:
    """The tracks of a baskerville ``targets.txt``: slug (safe in a path), name, strand_pair (row of the other strand).

    Raises :class:`UserError` when columns are missing, identifiers repeat or strand pairs are not mutual.
    """
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if not rows or not {"identifier", "description"} <= set(rows[0]):
        raise UserError(path, "has no columns identifier and description", "give a baskerville targets.txt")
    slugs = [_SAFE.sub("_", row["identifier"]) for row in rows]
    if len(set(slugs)) < len(slugs):
        raise UserError(path, "identifiers repeat", "make them unique")
    numbers = [int(row.get("") or i) for i, row in enumerate(rows)]
    place = {number: i for i, number in enumerate(numbers)}
    pairs = [place.get(int(row.get("strand_pair") or n), -1) for row, n in zip(rows, numbers)]
    for i, pair in enumerate(pairs):
        if pair < 0 or pairs[pair] != i:
            raise UserError(
                path, f"track {slugs[i]} has strand pair {rows[i]['strand_pair']}, which does not point back"
            )
    names = [row["description"] + (row["identifier"][-1] if pairs[i] != i else "") for i, row in enumerate(rows)]
    return pd.DataFrame({"slug": slugs, "name": names, "strand_pair": np.asarray(pairs, np.int64)})


def import_baskerville(
    folder: str | Path, out: str | Path, patterns: list[str] | tuple[str, ...] = ("*",)
) -> TargetSet:
    """Write the tracks of a baskerville folder whose slug or name fits ``patterns`` as ``out``, a ``targets.zarr``.

    Windows come in the order of ``sequences.bed`` within each fold, which is the order of the records; its
    intervals are the predicted part, and the input reaches ``crop_bp`` further on both sides.

    Raises :class:`UserError` when files are missing or do not agree on counts or shapes.
    """
    folder = Path(folder)
    for name in ("statistics.json", "sequences.bed", "targets.txt", "tfrecords"):
        if not (folder / name).exists():
            raise UserError(folder / name, "is missing", "give a folder that baskerville's hound_data wrote")
    stats = json.loads((folder / "statistics.json").read_text())
    table = read_targets_txt(folder / "targets.txt")
    wanted = [
        i
        for i, ids in enumerate(zip(table["slug"], table["name"]))
        if any(fnmatch.fnmatchcase(str(text), p) for p in patterns for text in ids)
    ]
    if not wanted:
        raise UserError("track patterns", f"{list(patterns)} fit no track of {folder / 'targets.txt'}")
    windows, sequences, targets = _windows(folder / "sequences.bed", int(stats["crop_bp"])), [], []
    for fold in FOLDS:
        examples = [_arrays(e, stats, p) for p in _files(folder / "tfrecords", fold) for e in read_tfrecords(p)]
        rows = int((windows["fold"] == fold).sum())
        if len(examples) != rows:
            raise UserError(
                folder, f"has {len(examples)} {fold} records for {rows} windows in sequences.bed", "copy it again"
            )
        sequences += [sequence for sequence, _ in examples]
        targets += [target[:, wanted] for _, target in examples]
    kept = set(wanted)
    pairs = table["strand_pair"].to_numpy()[wanted]
    if not kept.issuperset(pairs):
        raise UserError("track patterns", f"{list(patterns)} take one strand of a track only", "take both or neither")
    return TargetSet.write(
        out,
        np.stack(targets),
        windows,
        list(table["slug"].iloc[wanted]),
        int(stats["pool_width"]),
        "as in the TFRecords (baskerville: summed over a bin, scaled, clipped softly)",
        names=list(table["name"].iloc[wanted]),
        sequence=np.stack(sequences),
        strand_pair=np.searchsorted(wanted, pairs).tolist(),
    )


def _windows(bed: Path, margin: int) -> pd.DataFrame:
    """``sequences.bed`` as a windows table, folds in the order train, valid, test."""
    raw = pd.read_csv(bed, sep="\t", header=None, names=["chrom", "out_start", "out_end", "fold"], usecols=range(4))
    other = set(raw["fold"]) - set(FOLDS)
    if other:
        raise UserError(bed, f"has folds {sorted(other)}", f"rename them to {', '.join(FOLDS)}")
    raw = pd.concat([raw[raw["fold"] == fold] for fold in FOLDS], ignore_index=True)
    start, end = raw["out_start"] - margin, raw["out_end"] + margin
    return raw.assign(window=range(len(raw)), start=start, end=end, padded=np.maximum(0, -start))


def _files(folder: Path, fold: str) -> list[Path]:
    return sorted(folder.glob(f"{fold}-*.tfr"), key=lambda path: int(path.stem.split("-")[1]))


def _arrays(example: dict[str, bytes], stats: dict, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [length] and float32 [bins, tracks] of one example."""
    length, shape = int(stats["seq_length"]), (int(stats["target_length"]), int(stats["num_targets"]))
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
    return raw, target.reshape(shape).astype(np.float32)


# ---- protobuf, as far as tf.train.Example needs it ------------------------------------------------------------------


def _example(data: bytes) -> dict[str, bytes]:
    """Example{1: Features{1: {1: name, 2: Feature{1: BytesList{1: bytes}}}}} -> name -> bytes."""
    features: dict[str, bytes] = {}
    for entry in _messages(_messages(data)[0]):
        name, feature = _messages(entry)
        features[name.decode()] = _messages(_messages(feature)[0])[0]
    return features


def _messages(data: bytes) -> list[bytes]:
    """The length-delimited fields of a message, in order. Raises ``ValueError`` for any other wire type."""
    fields, at = [], 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 != 2:
            raise ValueError(f"wire type {tag & 7} in a tf.train.Example of byte features")
        length, at = _varint(data, at)
        fields.append(data[at : at + length])
        at += length
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
