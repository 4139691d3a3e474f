"""Changed sequences, and what a model predicts for them: the one place where mutagenesis runs a model."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower import Edit, open_window


class Change(NamedTuple):
    """Bases of a window taken out, and others put in at their place.

    Attributes
    ----------
    at : offset in the window of the first base taken out
    gone : how many are taken out
    codes : what is put in, 0..3 = A C G T; empty for a deletion
    """

    at: int
    gone: int
    codes: tuple[int, ...]

    @property
    def grows(self) -> int:
        """By how many bases the sequence becomes longer; negative for a deletion."""
        return len(self.codes) - self.gone


class Stretch(NamedTuple):
    """A window's sequence with what lies beside it.

    Attributes
    ----------
    codes : uint8 ``[margin + window + margin]``, 4 = N
    margin : bp on either side that a change may move into the window
    """

    codes: np.ndarray
    margin: int

    @property
    def window(self) -> np.ndarray:
        """The window itself, uint8."""
        return self.codes[self.margin : len(self.codes) - self.margin]

    def changed(self, change: Change, right: bool = False) -> np.ndarray:
        """The window after a change, uint8: what lies left of it in place, or with ``right`` what lies right of it.

        The other side moves: bases come in from the margin, or leave the window.
        """
        at, length = self.margin + change.at, len(self.codes) - 2 * self.margin
        new = np.array(change.codes, np.uint8)
        whole = np.concatenate([self.codes[:at], new, self.codes[at + change.gone :]])
        start = self.margin + (change.grows if right else 0)
        return whole[start : start + length]


class Window:
    """A stretch of sequence as one model reads it on one strand.

    Substitutions are read by :mod:`presage.sequence.sparse_tower`; indels go through the whole model.

    Output bins lie on the same bases for every change. A deletion or insertion moves what lies on one side of it, so it
    is predicted twice: bins up to the change are read from the sequence whose left side is in place, later ones from
    that whose right side is, and bins that lie wholly in deleted bases are 0. So are indels of a VCF scored.

    Parameters
    ----------
    columns : int64 ``[tracks]``
        The tracks that are read, as columns of the model's output.
    bins : half-open range of output bins, which alone are read; default: all
    sparse : False: substitutions go through the whole model, too

    Attributes
    ----------
    coverage : float32 ``[bins, tracks]``
        The prediction for the sequence as it is.
    """

    def __init__(
        self,
        model: SequenceModel,
        stretch: Stretch,
        columns: np.ndarray,
        reverse: bool = False,
        bins: tuple[int, int] | None = None,
        sparse: bool = True,
    ) -> None:
        self._trunk, self._stretch, self._columns = model.trunk, stretch, columns
        self._bins = bins or (0, model.trunk.out_bins)
        self._window = open_window(model, stretch.window, reverse=reverse, bins=bins, sparse=sparse)
        self.coverage: Tensor = self._window.coverage[:, columns]

    def changed(self, changes: Sequence[Change]) -> Tensor:
        """The prediction after each change by itself: float32 ``[n, bins, tracks]``."""
        out = self.coverage.new_empty((len(changes), *self.coverage.shape))
        same = [i for i, change in enumerate(changes) if not change.grows]
        moved = [i for i, change in enumerate(changes) if change.grows]
        if same:
            edits = [Edit(changes[i].at, np.array(changes[i].codes, np.uint8)) for i in same]
            out[same] = self._window.edited(edits)[..., self._columns]
        if moved:
            left, right = (self._whole([changes[i] for i in moved], side) for side in (False, True))
            for i, one, other in zip(moved, left, right):
                self._stitch(one, other, changes[i])
                out[i] = one
        return out

    def _stitch(self, left: Tensor, right: Tensor, change: Change) -> None:
        """Put the bins after a change from ``right`` into ``left``, both ``[bins, tracks]``."""
        trunk, size = self._trunk, self._trunk.bin_size
        first = (trunk.context - trunk.out_bins * size) // 2 + self._bins[0] * size
        after = max(0, (change.at - first) // size + 1)
        left[after:] = right[after:]
        lost, end = change.at + len(change.codes), change.at + change.gone
        left[max(0, -((first - lost) // size)) : max(0, (end - first) // size)] = 0

    def _whole(self, changes: Sequence[Change], right: bool) -> Tensor:
        codes = np.stack([self._stretch.changed(change, right) for change in changes])
        return self._window.whole(codes)[..., self._columns]
