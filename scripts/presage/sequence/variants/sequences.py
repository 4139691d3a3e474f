"""The sequences of a variant's alleles in a window, on bins that lie on the same bases."""

from typing import NamedTuple

import numpy as np

from presage.sequence.reference.genome import Genome, encode
from presage.sequence.variants.alleles import Variant


class Alleles(NamedTuple):
    """The sequences of one variant in a window, uint8 codes ``[length]``; REF's first base is at index ``at``.

    ``left`` is ALT with everything left of the variant in place, ``right`` ALT with everything right of it in place
    (the same array where the lengths of REF and ALT agree). ``split`` is the offset in the window of the first
    changed base; ``gone`` the window's half-open interval of REF bases that ALT lacks.
    """

    ref: np.ndarray
    left: np.ndarray
    right: np.ndarray
    at: int
    split: int
    gone: tuple[int, int]


def build(variant: Variant, genome: Genome, start: int, length: int) -> Alleles:
    """REF and ALT sequences of the window of ``length`` bp at ``start``; bases past the contig's ends are N.

    For an indel everything on one side of the variant must move, and output bins there no longer lie on the same
    bases. So ALT is built twice, with its left and with its right flank in place, and each bin is later read from the
    sequence whose flank on that side did not move (the idea of baskerville's compensation shift with stitching;
    Linder et al. 2025, Nat. Genet. 57:949).
    """
    end, after = start + length, variant.pos + len(variant.ref)
    at, grow = variant.pos - start, len(variant.alt) - len(variant.ref)
    ref = genome.codes(variant.chrom, start, end)
    alt = encode(variant.alt)
    left = np.concatenate([ref[:at], alt, genome.codes(variant.chrom, after, end - grow)])
    split = at + variant.anchor
    if grow == 0:
        return Alleles(ref, left, left, at, split, (0, 0))
    right = np.concatenate([genome.codes(variant.chrom, start + grow, variant.pos), alt, ref[after - start :]])
    gone = (at + len(variant.alt), at + len(variant.ref)) if grow < 0 else (0, 0)
    return Alleles(ref, left, right, at, split, gone)
