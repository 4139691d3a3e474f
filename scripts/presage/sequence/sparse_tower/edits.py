"""Edits: substitutions in a window, and which positions of the convolution tower each of them changes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from presage.config.trunk import TrunkShape

COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)
"""Code of the complement of A, C, G, T, N."""


class Edit(NamedTuple):
    """Bases that replace as many of a window: ``codes`` uint8 [k], 0..3 = A C G T, from offset ``start`` on."""

    start: int
    codes: np.ndarray

    @property
    def end(self) -> int:
        """Offset after the last base."""
        return self.start + len(self.codes)


class Slivers(NamedTuple):
    """What one convolution is computed on again: ``width`` positions of its output for each edit, from ``starts`` on.

    ``starts`` is int64 [edits]; both are even, so that pairs of the pool stay together.
    """

    starts: np.ndarray
    width: int


def check(edits: Sequence[Edit], context: int) -> None:
    """Raises ``ValueError`` for an edit that leaves the window or has other codes than 0..3."""
    for edit in edits:
        if not 0 <= edit.start <= edit.end <= context:
            raise ValueError(f"edit {edit.start}-{edit.end} leaves the window of {context} bp")
        if len(edit.codes) and max(edit.codes) > 3:
            raise ValueError(f"edit at {edit.start} has codes other than 0..3")


def turned(edit: Edit, context: int) -> Edit:
    """The same edit on the reverse complement of a window of ``context`` bp."""
    return Edit(context - edit.end, COMPLEMENT[edit.codes][::-1])


def changes(edit: Edit, codes: np.ndarray) -> Edit:
    """The part of an edit that differs from the window's ``codes`` at both of its ends; empty if none does."""
    (odd,) = np.nonzero(edit.codes != codes[edit.start : edit.end])
    first, last = (odd[0], odd[-1] + 1) if len(odd) else (0, 0)
    return Edit(edit.start + int(first), edit.codes[first:last])


def slivers(shape: TrunkShape, edits: Sequence[Edit]) -> list[Slivers]:
    """The slivers of the stem and of each tower block, for a batch of edits of any lengths.

    A convolution of kernel ``2 h + 1`` carries a change ``h`` positions to both sides, a pool halves it. The width is
    that of the widest change of the batch; at the window's ends slivers are moved inwards.
    """
    first, last = np.array([(edit.start, edit.end) for edit in edits], np.int64).T
    length, found = shape.context, []
    for kernel in (shape.stem_kernel, *[shape.tower_kernel] * len(shape.tower_widths)):
        first, last = np.maximum(first - kernel // 2, 0), np.minimum(last + kernel // 2, length)
        first, last = first // 2, -(-last // 2)  # in pairs, that is in positions after the pool
        width = int((last - first).max())
        length //= 2
        found.append(Slivers(2 * np.minimum(first, length - width), 2 * width))
    return found
