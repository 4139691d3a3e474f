"""Writing a target set window by window, in any order, with flat memory.

Summed coverage goes into an unnamed scratch file beside the set (windows x bins x tracks x 4 bytes: 37 GB for Borzoi's
38,171 windows and 40 tracks), because a scale such as "mean one" is known only when the last window has come. Then it
is read, scaled and stored shard by shard.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
import zarr

from presage.progress import progress
from presage.sequence.targets.scaling import Scale
from presage.tables import SCHEMAS

# A file per window would be 38,171 files in 76,000 folders. One window stays one chunk: it is read alone, 1.5 ms for
# 6,144 bins x 40 tracks out of a shard and 1.2 ms out of a file of its own.
SHARD = 64
MEAN_ONE = "divided by the track's mean over training bins"


class TargetWriter:
    """The windows of a new target set, on their way to disk. A context manager: what is not finished is no target set.

    Parameters
    ----------
    path
        The zarr group; what lies there is replaced.
    windows
        Rows of the ``windows`` table; a window is later named by its row.
    tracks
        Slugs, unique; ``names`` are what people call them (default: the slugs).
    bin_size
        bp; each output interval is the same whole number of bins.
    strand_pair
        Index of each track's partner on the other strand; by default taken from slugs that end in ``+`` or ``-``.
    sequence_length
        bp of the input, where sequence is stored with the set; None: it will be read from a FASTA.

    Raises ``ValueError`` for what does not fit together.
    """

    def __init__(
        self,
        path: str | Path,
        windows: pd.DataFrame,
        tracks: Sequence[str],
        bin_size: int,
        *,
        names: Sequence[str] | None = None,
        strand_pair: Sequence[int] | np.ndarray | None = None,
        simulated: bool = False,
        sequence_length: int | None = None,
    ) -> None:
        spans = np.unique(windows["out_end"] - windows["out_start"])
        inputs = np.unique(windows["end"] - windows["start"])
        if len(set(tracks)) < len(tracks):
            raise ValueError("track slugs repeat")
        if len(spans) != 1 or spans[0] % bin_size:
            raise ValueError(f"bins of {bin_size} bp do not cover windows of {spans} bp")
        if sequence_length is not None and inputs.tolist() != [sequence_length]:
            raise ValueError(f"sequence of {sequence_length} bp for inputs of {inputs} bp")
        self.path, self.windows = Path(path), windows
        self.shape = (len(windows), int(spans[0]) // bin_size, len(tracks))
        self.length = sequence_length
        pairs = strand_pairs(tracks) if strand_pair is None else strand_pair
        self._attrs: dict[str, Any] = {
            "tracks": list(tracks),
            "names": list(names if names is not None else tracks),
            "bin_size": int(bin_size),
            "simulated": bool(simulated),
            "strand_pair": [int(i) for i in pairs],
        }
        self._written = np.zeros(len(windows), bool)
        self._open = ExitStack()

    def __enter__(self) -> "TargetWriter":
        self._group = zarr.open_group(str(self.path), mode="w", zarr_format=3)
        self._raw = self._scratch(self.shape[1:], np.float32)
        self._bases = None if self.length is None else self._scratch((self.length,), np.uint8)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, rows: Sequence[int] | np.ndarray, values: np.ndarray, sequence: np.ndarray | None = None) -> None:
        """Take some windows, in any order; a window that comes again replaces what came before.

        Parameters
        ----------
        values
            float32 (len(rows), bins, tracks), summed coverage per bin, >= 0.
        sequence
            uint8 (len(rows), sequence_length), 0..3 = A C G T, 4 = N, where the set holds sequence.
        """
        values = np.asarray(values, np.float32)
        if values.shape != (len(rows), *self.shape[1:]):
            raise ValueError(f"values {values.shape} for {len(rows)} windows of {self.shape[1:]}")
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError("targets hold negative or non-finite values")
        if (sequence is None) != (self._bases is None):
            raise ValueError("sequence comes with every window or with none")
        if sequence is not None and sequence.shape != (len(rows), self.length):
            raise ValueError(f"sequence {sequence.shape} for {len(rows)} inputs of {self.length} bp")
        for i, row in enumerate(int(r) for r in rows):
            if not 0 <= row < self.shape[0]:
                raise ValueError(f"row {row} of {self.shape[0]} windows")
            self._raw.put(row, values[i])
            if sequence is not None and self._bases is not None:
                self._bases.put(row, sequence[i])
            self._written[row] = True

    def finish(
        self, scale: Scale | None = None, *, mean_one: bool = False, applied: bool = False, note: str | None = None
    ) -> None:
        """Scale what was written and store it as a target set, which :meth:`TargetSet.open` then opens.

        Parameters
        ----------
        scale
            From summed coverage to targets; None: the values stay, and nothing is known of their scale.
        mean_one
            Last of all divide each track by its mean over the bins of the training windows (by 1 where that is 0).
        applied
            The values that were written are in ``scale`` already.
        note
            The scale in words, if not the scale's own.

        Raises ``ValueError`` when a window was never written.
        """
        missing = np.flatnonzero(~self._written)
        if len(missing):
            raise ValueError(f"{len(missing)} of {len(self._written)} windows were not written, e.g. row {missing[0]}")
        words = [note or (scale.note if scale else "not recorded")]
        if mean_one:
            scale = self._mean_one(scale or Scale.plain(self.shape[2]), applied)
            words += [] if note else [MEAN_ONE]
        self._store("targets", self._raw, None if applied and not mean_one else scale, applied)
        if self._bases is not None:
            self._store("sequence", self._bases, None, False)
        for column in SCHEMAS["windows"].names:
            _write_column(self._group, f"windows/{column}", self.windows[column])
        self._attrs["scale_note"] = ", ".join(words)
        if scale is not None:
            self._attrs["scale"] = scale.to_attrs()
        self._group.attrs.update(self._attrs)

    def _mean_one(self, scale: Scale, applied: bool) -> Scale:
        if applied:
            raise ValueError("values that are scaled already are not scaled again")
        train = np.flatnonzero((self.windows["fold"] == "train").to_numpy())
        total = np.zeros(self.shape[2])
        for row in progress(train.tolist(), "mean of tracks", "window"):
            total = total + scale.forward(self._raw.get(row, row + 1)[0]).mean(axis=0, dtype=np.float64)
        mean = total / max(len(train), 1)
        return replace(scale, divided_by=scale.divided_by * np.where(mean > 0, mean, 1.0))

    def _store(self, name: str, raw: "_Scratch", scale: Scale | None, applied: bool) -> None:
        count = self.shape[0]
        shape, shard = (count, *raw.shape), min(SHARD, count)
        array = self._group.create_array(
            name, shape=shape, dtype=raw.dtype, chunks=(1, *raw.shape), shards=(shard, *raw.shape)
        )
        for first in progress(range(0, count, shard), name, "shard"):
            rows = raw.get(first, min(first + shard, count))
            array[first : first + len(rows)] = rows if scale is None else scale.forward(rows)

    def _scratch(self, shape: tuple[int, ...], dtype: type) -> "_Scratch":
        # Unnamed, so that it is gone when the job is, however it ends. A file and not a memory map: a cluster would
        # count mapped pages as the job's memory.
        return _Scratch(self._open.enter_context(tempfile.TemporaryFile(dir=self.path)), shape, np.dtype(dtype))


class _Scratch:
    """Rows of one shape in a file, written in any order."""

    def __init__(self, file: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.file, self.shape, self.dtype = file, shape, dtype
        self.size = int(np.prod(shape)) * dtype.itemsize

    def put(self, row: int, values: np.ndarray) -> None:
        self.file.seek(row * self.size)
        self.file.write(np.ascontiguousarray(values, self.dtype).tobytes())

    def get(self, first: int, last: int) -> np.ndarray:
        self.file.seek(first * self.size)
        data = self.file.read((last - first) * self.size)
        return np.frombuffer(data, self.dtype).reshape(last - first, *self.shape)


def strand_pairs(tracks: Sequence[str]) -> np.ndarray:
    """Partner of each track on the other strand (int64): ``x+`` and ``x-`` are partners, every other track is its own.

    Raises ``ValueError`` when one strand of a pair is missing.
    """
    index = {slug: i for i, slug in enumerate(tracks)}
    other = {"+": "-", "-": "+"}
    pairs = [slug[:-1] + other[slug[-1]] if slug[-1:] in other else slug for slug in tracks]
    alone = [slug for slug, partner in zip(tracks, pairs) if partner not in index]
    if alone:
        raise ValueError(f"track {alone[0]} has no partner on the other strand")
    return np.array([index[partner] for partner in pairs], np.int64)


def _write_column(group: zarr.Group, name: str, values: pd.Series) -> None:
    # Text is stored as codes and categories: zarr's own string types are not settled yet.
    if pd.api.types.is_numeric_dtype(values):
        group.create_array(name, data=values.to_numpy(np.int64))
        return
    codes, categories = pd.factorize(values, sort=True)
    array = group.create_array(name, data=codes.astype(np.int32))
    array.attrs["categories"] = [str(c) for c in categories]
