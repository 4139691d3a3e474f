"""What do the models see? Predicted coverage of both alleles over the window in which a variant is scored."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import alternatives, open_reference
from presage.sequence.variants.scorer import Scorer


class Predicted(NamedTuple):
    """Coverage of some tracks for both alleles.

    Attributes
    ----------
    start : 0-based first base of the first bin; negative where the window starts before the contig
    bin_size : bp
    tracks : slugs
    ref, alt : float64 ``[bins, tracks]``, means over models, strands and shifts. ALT of an indel is on the bins of REF.
    """

    start: int
    bin_size: int
    tracks: list[str]
    ref: np.ndarray
    alt: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """int64 ``[bins + 1]``, bp."""
        return self.start + self.bin_size * np.arange(len(self.ref) + 1)


@torch.inference_mode()
def predicted(scorer: Scorer, site: Variant, tracks: Sequence[str]) -> Predicted:
    """Predict both alleles of ``site`` in its own window, for the slugs ``tracks``.

    A replicate that is shifted by some bp counts into the bin of the same number: a shift is far smaller than a bin.
    """
    start, bins = scorer.window(site), (0, scorer.bins)
    chosen = [scorer.tracks.index(track) for track in tracks]
    ref, alt = np.zeros((2, scorer.bins, len(chosen)))
    for replicate in scorer.replicates:
        window = open_reference(scorer, replicate, site.chrom, start, bins)
        found = alternatives(scorer, window, start + replicate.shift, [site], bins)[0]
        ref += scorer.coverage(window.coverage).cpu().numpy()[:, chosen]
        alt += scorer.coverage(found).cpu().numpy()[:, chosen]
    count = len(scorer.replicates)
    return Predicted(scorer.first_base(start), scorer.bin_size, list(tracks), ref / count, alt / count)
