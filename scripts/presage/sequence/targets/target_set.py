"""TargetSet: windows, their measured tracks and their sequence, as one zarr group on disk."""

import fnmatch
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from presage.errors import UserError
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.writer import TargetWriter, strand_pairs
from presage.tables import SCHEMAS

__all__ = ["FOLDS", "TargetSet", "TargetWriter", "onehot", "strand_pairs"]

FOLDS = ("train", "valid", "test")
UNUSED = "unused"  # training windows that a fit to a share of them leaves out
_ONEHOT = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])  # row 4 = N
_CODE = np.full(256, 4, np.uint8)
_CODE[np.frombuffer(b"ACGTacgt", np.uint8)] = [0, 1, 2, 3, 0, 1, 2, 3]


@dataclass(frozen=True)
class TargetSet:
    """Coverage of some windows, read from disk window by window.

    Bins cover ``[out_start, out_end)`` of each window from left to right; the model's input is ``[start, end)``.
    Coordinates are 0-based half-open. ``tracks`` are slugs, ``names`` what people call them; ``strand_pair[i]`` is
    the track that track ``i`` becomes when the window is reverse complemented (itself, if it has no strand).
    ``scale`` leads from targets back to summed coverage; None where the set does not record it.
    """

    path: Path
    windows: pd.DataFrame
    tracks: list[str]
    names: list[str]
    bin_size: int
    scale_note: str
    simulated: bool
    strand_pair: np.ndarray
    fasta: Path | None = None
    scale: Scale | None = None
    _columns: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64), repr=False)

    @staticmethod
    def open(path: str | Path, fasta: str | Path | None = None) -> "TargetSet":
        """Open a ``targets.zarr``. ``fasta`` serves the sequence where the group does not hold it.

        Raises :class:`UserError` when the group is not a target set, or holds no targets.
        """
        path = Path(path)
        group = _open_group(path)
        attrs: dict[str, Any] = dict(group.attrs)
        if "empty" in attrs:
            raise UserError(
                path,
                f"holds nothing to fit: {attrs['empty']}",
                "look at qc.json of the reference (windows_not_in_genome) and of the pseudobulk step (tracks)",
            )
        try:
            windows = pd.DataFrame({c: _read_column(group[f"windows/{c}"]) for c in SCHEMAS["windows"].names})
            tracks = list(attrs["tracks"])
            return TargetSet(
                path=path,
                windows=windows,
                tracks=tracks,
                names=list(attrs.get("names", tracks)),
                bin_size=int(attrs["bin_size"]),
                scale_note=str(attrs["scale_note"]),
                simulated=bool(attrs.get("simulated", False)),
                strand_pair=np.asarray(attrs["strand_pair"], np.int64),
                fasta=None if fasta is None else Path(fasta),
                scale=Scale.from_attrs(attrs["scale"]) if "scale" in attrs else None,
                _columns=np.arange(len(tracks)),
            )
        except KeyError as error:
            raise UserError(
                path, f"is not a target set: {error} is missing", "make it again with this version"
            ) from None

    @staticmethod
    def write(
        path: str | Path,
        targets: np.ndarray,
        windows: pd.DataFrame,
        tracks: Sequence[str],
        bin_size: int,
        scale_note: str,
        *,
        names: Sequence[str] | None = None,
        sequence: np.ndarray | None = None,
        strand_pair: Sequence[int] | None = None,
        simulated: bool = False,
        scale: Scale | None = None,
    ) -> "TargetSet":
        """Write a target set that is whole in memory, and open it. :class:`TargetWriter` takes it window by window.

        Parameters
        ----------
        targets
            float32 (window, bin, track), >= 0, scaled already.
        windows
            Rows of the ``windows`` table, in the order of ``targets``.
        scale_note, scale
            What the scale is, in words and, where it is known, as numbers.
        sequence
            uint8 (window, length), 0..3 = A C G T, 4 = N; leave it out to read sequence from a FASTA instead.
        strand_pair
            Index of each track's partner on the other strand; by default taken from slugs that end in ``+`` or ``-``.
        """
        if targets.ndim != 3 or targets.shape[::2] != (len(windows), len(tracks)):
            raise ValueError(f"targets {targets.shape} for {len(windows)} windows and {len(tracks)} tracks")
        length = None if sequence is None else sequence.shape[1]
        with TargetWriter(
            path,
            windows,
            tracks,
            bin_size,
            names=names,
            strand_pair=strand_pair,
            simulated=simulated,
            sequence_length=length,
        ) as writer:
            writer.write(range(len(targets)), targets, sequence)
            writer.finish(scale, applied=True, note=scale_note)
        return TargetSet.open(path)

    @staticmethod
    def without_coverage(
        windows: pd.DataFrame, bin_size: int, fasta: str | Path, simulated: bool = False
    ) -> "TargetSet":
        """Windows and their sequence alone, nothing on disk: for studies that have counts and no coverage."""
        none = np.empty(0, np.int64)
        windows = windows.reset_index(drop=True)
        return TargetSet(Path(fasta), windows, [], [], bin_size, "no coverage", simulated, none, Path(fasta))

    def __len__(self) -> int:
        return len(self.windows)

    def fold(self, name: str) -> np.ndarray:
        """Row numbers (int64) of the windows of one fold: train, valid or test.

        Raises :class:`UserError` when there are none.
        """
        if name not in FOLDS:
            raise ValueError(f"fold {name!r} is none of {FOLDS}")
        rows = np.flatnonzero((self.windows["fold"] == name).to_numpy())
        if not len(rows):
            raise UserError(self.path, f"has no {name} window", "change the folds so that each has some")
        return rows

    def scale_of(self, slugs: Sequence[str]) -> Scale | None:
        """The scale of some tracks, in the order given; None where the set does not record it."""
        return None if self.scale is None else self.scale.select([self.tracks.index(slug) for slug in slugs])

    def select(self, patterns: Sequence[str]) -> "TargetSet":
        """The same windows with only the tracks whose slug or name fits one of the shell-style ``patterns``.

        Raises :class:`UserError` for a pattern that fits no track, and where one strand of a pair would be left alone.
        """
        keep: set[int] = set()
        for pattern in patterns:
            ids = zip(self.tracks, self.names)
            hits = [i for i, pair in enumerate(ids) if any(fnmatch.fnmatchcase(text, pattern) for text in pair)]
            if not hits:
                raise UserError(
                    f"track pattern {pattern!r}", f"fits none of {len(self.tracks)} tracks", f"e.g. {self.tracks[0]}"
                )
            keep.update(hits)
        rows = sorted(keep)
        alone = [self.tracks[i] for i in rows if self.strand_pair[i] not in keep]
        if alone:
            raise UserError("track patterns", f"leave {alone[0]} without its other strand", "take both or neither")
        return replace(
            self,
            tracks=[self.tracks[i] for i in rows],
            names=[self.names[i] for i in rows],
            strand_pair=np.searchsorted(rows, self.strand_pair[rows]),
            scale=None if self.scale is None else self.scale.select(rows),
            _columns=self._columns[rows],
        )

    def fewer_train(self, share: float, seed: int) -> "TargetSet":
        """The same windows with only a ``share`` of the training ones in their fold, drawn by the seed; at least one.

        A smaller share of a seed is part of a larger one. Those left out are in the fold ``unused``.
        """
        train = self.fold("train")
        keep = max(1, round(share * len(train)))
        left_out = np.random.default_rng(seed).permutation(train)[keep:]
        windows = self.windows.copy()
        windows.loc[windows.index[left_out], "fold"] = UNUSED
        return replace(self, windows=windows)

    def values(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Targets of some windows: float32 (window, bin, track), in the set's scale."""
        if not self.tracks:
            bins = (self.windows["out_end"] - self.windows["out_start"]).iloc[0] // self.bin_size
            return np.zeros((len(rows), bins, 0), np.float32)
        return _rows(_open_group(self.path)["targets"], rows)[:, :, self._columns]

    def sequence(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Integer sequence of some windows: uint8 (window, length), 0..3 = A C G T, 4 = N and outside the contig."""
        rows = np.asarray(rows, np.int64)
        group: Any = _open_group(self.path) if self.tracks else {}
        if "sequence" in group:
            return _rows(group["sequence"], rows)
        if self.fasta is None:
            raise UserError(self.path, "holds no sequence", "give the genome's FASTA when it is opened")
        return _fetch(self.fasta, self.windows.iloc[rows])

    def onehot(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """One-hot sequence of some windows: float32 (window, 4, length), channels A C G T, N = zeros."""
        return onehot(self.sequence(rows))

    def hash(self) -> str:
        """Hash (16 hex digits) of windows, tracks and values: equal for equal data, wherever it lies."""
        digest = hashlib.sha256(self.windows.to_csv(index=False).encode())
        digest.update(repr((self.tracks, self.bin_size, self.strand_pair.tolist())).encode())
        for row in range(len(self)):
            digest.update(np.ascontiguousarray(self.values([row])).tobytes())
        return digest.hexdigest()[:16]


def onehot(sequence: np.ndarray) -> np.ndarray:
    """uint8 (..., length) with 0..3 = A C G T, 4 = N -> float32 (..., 4, length); N is all zeros."""
    return np.ascontiguousarray(np.moveaxis(_ONEHOT[sequence], -1, -2))


def _open_group(path: Path) -> zarr.Group:
    try:
        return zarr.open_group(str(path), mode="r")
    except (FileNotFoundError, ValueError) as error:
        raise UserError(path, f"is not a zarr group ({type(error).__name__})", "run the step that makes it") from None


def _rows(array: Any, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    # One by one: out of a shard, zarr's fancy indexing takes six times as long as a slice.
    out = np.empty((len(rows), *array.shape[1:]), array.dtype)
    for i, row in enumerate(rows):
        out[i] = array[int(row)]
    return out


def _read_column(array: Any) -> np.ndarray:
    categories = array.attrs.get("categories")
    return array[:] if categories is None else np.asarray(categories, object)[array[:]]


def _fetch(fasta: Path, windows: pd.DataFrame) -> np.ndarray:
    import pysam

    rows = []
    with pysam.FastaFile(str(fasta)) as genome:
        for chrom, start, end in windows[["chrom", "start", "end"]].itertuples(index=False):
            if chrom not in genome.references:
                raise UserError(fasta, f"has no contig {chrom}", "use the genome that the windows were made from")
            inside = genome.fetch(chrom, max(0, start), max(0, min(end, genome.get_reference_length(chrom))))
            row = np.full(end - start, 4, np.uint8)
            row[max(0, -start) :][: len(inside)] = _CODE[np.frombuffer(inside.encode(), np.uint8)]
            rows.append(row)
    return np.stack(rows)
