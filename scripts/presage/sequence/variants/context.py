"""Substitutions with their neighbours, both strands folded into one: the 6 changes and 96 contexts of mutation spectra.

A change of a purine is the change of a pyrimidine on the other strand (Alexandrov et al. 2013, Nature 500:415), so
``TCA`` to ``TTA`` is also ``TGA`` to ``TAA``. Folding doubles the places that match, and DNA has no strand of its own.
"""

from typing import NamedTuple

import numpy as np

_PURINE = np.array([True, False, True, False, False])  # A C G T N


class Contexts(NamedTuple):
    """What three bases are: int64 [n] each, -1 where a base that is asked for is N.

    ``flanked`` (0 to 31) is the trinucleotide, ``centre`` (0 C, 1 T) its middle base, both read on the strand on which
    the middle is a pyrimidine; ``reverse`` (bool) says that this is the other strand.
    """

    flanked: np.ndarray
    centre: np.ndarray
    reverse: np.ndarray


def contexts(codes: np.ndarray) -> Contexts:
    """Contexts of uint8 codes [n, 3] (A C G T N = 0..4)."""
    codes = codes.astype(np.int64)
    reverse = _PURINE[codes[:, 1]]
    turned = np.where(codes == 4, 4, 3 - codes)[:, ::-1]
    left, middle, right = np.where(reverse[:, None], turned, codes).T
    centre = np.where(middle == 4, -1, middle == 3)
    flanked = np.where((left == 4) | (right == 4) | (centre < 0), -1, 16 * centre + 4 * left + right)
    return Contexts(flanked, centre, reverse)


def folded(base: int, reverse: bool) -> int:
    """A base's code (0..3) on the strand that :func:`contexts` reads, or back."""
    return 3 - base if reverse else base
