"""Predicted coverage near a region of mutagenesis, before and after one change: what its picture may show."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.sequence.mutagenesis.changes import Change, Window
from presage.sequence.mutagenesis.regions import Place
from presage.sequence.mutagenesis.saturate import DELETED, LETTERS, Saturation, window
from presage.sequence.reference.genome import encode
from presage.sequence.variants.scorer import Scorer


class Shown(NamedTuple):
    """A change, and what people call it: chrom:pos:ref:alt, pos 1-based, - for a base that is deleted."""

    words: str
    change: Change


def shown_change(found: Saturation, place: Place, start: int) -> Shown | None:
    """The change whose coverage is drawn beside the reference's: the region's variant, else the strongest substitution.

    ``start`` is the window's first base. None where the region has no base to change.
    """
    if place.variant:
        variant = place.variant
        shared = variant.anchor
        new = tuple(encode(variant.alt[shared:]).tolist())
        change = Change(variant.pos + shared - start, len(variant.ref) - shared, new)
        return Shown(f"{variant.chrom}:{variant.pos + 1}:{variant.ref}:{variant.alt}", change)
    if not len(found.pos):
        return None
    i = int(np.where(found.alt < DELETED, np.abs(found.log_fc).max(axis=1), 0).argmax())
    words = f"{place.chrom}:{found.pos[i] + 1}:{LETTERS[found.ref[i]]}:{LETTERS[found.alt[i]]}"
    return Shown(words, Change(int(found.pos[i]) - start, 1, (int(found.alt[i]),)))


def coverage(scorer: Scorer, place: Place, columns: np.ndarray, change: Change, margin: int = 1024) -> pd.DataFrame:
    """Rows of the `ism_coverage` table: predicted coverage before and after a change, near the region.

    The mean over models and strands, of the output bins that meet the region or ``margin`` bp on its sides.
    """
    start, stretch = window(scorer, place)
    trunk = scorer.models[0].trunk
    edges = start + (scorer.context - trunk.out_bins * trunk.bin_size) // 2 + trunk.bin_size * np.arange(trunk.out_bins)
    near = np.flatnonzero((edges + trunk.bin_size > place.start - margin) & (edges < place.end + margin))
    both = np.zeros((2, len(near), len(columns)))
    for model, reverse, _ in scorer.replicates:
        opened = Window(model, stretch, columns, reverse, sparse=scorer.sparse)
        for sum_, predicted in zip(both, (opened.coverage, opened.changed([change])[0])):
            sum_ += scorer.coverage(predicted[near], columns).cpu().numpy() / len(scorer.replicates)
    slugs = np.array(scorer.tracks, object)[columns]
    return pd.DataFrame(
        {
            "chrom": place.chrom,
            "start": np.repeat(edges[near], len(slugs)),
            "end": np.repeat(edges[near] + trunk.bin_size, len(slugs)),
            "track": np.tile(slugs, len(near)),
            "ref": both[0].ravel(),
            "alt": both[1].ravel(),
        }
    )
