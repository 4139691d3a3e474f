"""Baskerville folders written by hand: TFRecords framed and encoded without tensorflow."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np

BIN, BINS, CROP = 8, 4, 16
LENGTH = BIN * BINS + 2 * CROP
TARGETS_TXT = """\tidentifier\tfile\tclip\tclip_soft\tscale\tsum_stat\tstrand_pair\tdescription
0\tr+\tr+.w5\t768\t384\t0.5\tsum_sqrt\t1\tRNA:liver
1\tr-\tr-.w5\t768\t384\t0.5\tsum_sqrt\t0\tRNA:liver
2\td\td.w5\t128\t32\t2.0\tmean\t2\tDNASE:liver
"""


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def message(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def encoded(features: dict[str, bytes], more: bytes = b"") -> bytes:
    """A tf.train.Example of byte features; ``more`` are encoded entries that follow."""
    entries = [
        message(1, message(1, name.encode()) + message(2, message(1, message(1, data))))
        for name, data in features.items()
    ]
    return message(1, b"".join(entries) + more)


def framed(examples: list[bytes]) -> bytes:
    """Examples as a TFRecord stream; the checksums are not right, as they are not read."""
    return b"".join(struct.pack("<Q", len(e)) + b"crc." + e + b"crc." for e in examples)


def baskerville(folder: Path, labels: list[str], seed: int = 0, per_file: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A set with one window per entry of ``labels``; its sequences [windows, LENGTH] and targets [windows, BINS, 3]."""
    rng = np.random.default_rng(seed)
    sequence = rng.integers(0, 5, (len(labels), LENGTH)).astype(np.uint8)
    target = rng.gamma(1, 2, (len(labels), BINS, 3)).astype(np.float16)
    (folder / "tfrecords").mkdir(parents=True)
    start = np.arange(len(labels)) * BIN * BINS
    bed = [f"chr1\t{s}\t{s + BIN * BINS}\t{label}\n" for s, label in zip(start, labels)]
    (folder / "sequences.bed").write_text("".join(bed))
    (folder / "targets.txt").write_text(TARGETS_TXT)
    stats = {"num_targets": 3, "seq_length": LENGTH, "pool_width": BIN, "crop_bp": CROP, "target_length": BINS}
    (folder / "statistics.json").write_text(json.dumps(stats))
    numbers = message(1, message(1, b"umap") + message(2, message(2, message(1, b"\0" * 8))))
    for label in sorted(set(labels)):
        rows = [i for i, name in enumerate(labels) if name == label]
        # hound_data opens one file more when a fold's windows fill the last one exactly.
        for number in range(len(rows) // per_file + 1):
            examples = [
                encoded({"target": target[i].tobytes(), "sequence": sequence[i].tobytes()}, numbers)
                for i in rows[number * per_file : (number + 1) * per_file]
            ]
            (folder / "tfrecords" / f"{label}-{number}.tfr").write_bytes(zlib.compress(framed(examples)))
    return sequence, target
