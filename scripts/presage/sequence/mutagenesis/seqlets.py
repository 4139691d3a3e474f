"""Seqlets: spans of a region whose bases hold a track's prediction up (or down) more than the region's others do.

The recursive caller of tangermeme (Schreiber 2025, bioRxiv 2025.08.08.669296), for one track of one region. Importance
is cut into bins, and the sum of a span of k bases is compared with the sum of k independent draws from all bases of the
region. A seqlet is a span whose p, and that of every span inside it that is not shorter than the shortest, is below the
threshold; longer seqlets are taken first, of equal length the one with the smaller p, and none overlap.

These p-values rank spans and are no error rates: importance of neighbours is not independent, and the null is made of
the region itself.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.config.ism import Seqlets
from presage.sequence.mutagenesis.meme import Motif
from presage.sequence.mutagenesis.tomtom import adjusted, tomtom
from presage.sequence.reference.genome import encode
from presage.tables import SCHEMAS

_BINS = 1000


class Seqlet(NamedTuple):
    """A span of a region: offsets half-open, sum of importance, p of that sum."""

    start: int
    end: int
    total: float
    p: float


def importance(rows: pd.DataFrame) -> pd.Series:
    """Per position (index) of one track: minus the mean log_fc of its substitutions; what holds coverage up is > 0.

    ``rows`` are those of the `ism` table of one track. Deletions do not enter: they move what lies to their right.
    """
    return -rows[rows["alt"] != "-"].groupby("pos")["log_fc"].mean()


def call(values: np.ndarray, settings: Seqlets) -> list[Seqlet]:
    """Positive seqlets of importance float64 ``[length]``, smallest p first; for negative ones pass ``-values``."""
    span = values.max(initial=-np.inf) - values.min(initial=np.inf)
    if len(values) < settings.shortest or not span > 0:
        return []
    p = _p_values(values, span, settings)
    fits = p < settings.p
    for k in range(1, len(p)):  # each row of spans stands on the one that is a base shorter
        fits[k, :-1] &= fits[k - 1, :-1] & fits[k - 1, 1:]
        fits[k, -1] = False
    free, found = np.ones(len(values), bool), []
    for k in reversed(range(len(p))):
        size = settings.shortest + k
        for start in np.argsort(p[k], kind="stable"):
            if fits[k, start] and free[start : start + size].all():
                free[start : start + size] = False
                total = float(values[start : start + size].sum())
                found.append(Seqlet(int(start), int(start) + size, total, float(p[k, start])))
    return sorted(found, key=lambda seqlet: (seqlet.p, seqlet.start))


def _p_values(values: np.ndarray, span: float, settings: Seqlets) -> np.ndarray:
    """p ``[lengths, positions]`` of every span from the shortest length up; 1 where a span leaves the region."""
    bins = np.floor((values - values.min()) / (span / (_BINS - 1))).astype(np.int64)
    single = np.bincount(bins, minlength=_BINS) / len(bins)
    sums = np.concatenate([[0], np.cumsum(bins)])
    lengths = range(settings.shortest, min(settings.longest, len(values)) + 1)
    p = np.ones((len(lengths), len(values)))
    null = np.ones(1)
    for size in range(1, lengths.stop):
        null = np.convolve(null, single)
        if size >= lengths.start:
            tail = np.cumsum(null[::-1])[::-1]  # P(sum >= s)
            at = sums[size:] - sums[:-size]
            p[size - lengths.start, : len(at)] = np.minimum(tail[at], 1)
    return p


def seqlets(table: pd.DataFrame, region: str, settings: Seqlets, motifs: list[Motif]) -> pd.DataFrame:
    """Rows of the `seqlets` table of a region, by track and position, from its `ism` table.

    Each seqlet of either sign is compared with all ``motifs`` on both strands (Tomtom), its bases as they are in the
    genome; the best is named, with its p, and its q over all pairs of a seqlet and a motif. Without motifs these are
    null. ``strand`` is that of the motif.
    """
    found = []
    for track, rows in table.groupby("track", sort=False):
        held, letters = importance(rows), rows.drop_duplicates("pos").set_index("pos")["ref"]
        positions = np.arange(held.index.min(), held.index.max() + 1)
        values = held.reindex(positions, fill_value=0.0).to_numpy()
        text = "".join(letters.reindex(positions, fill_value="N"))
        for sign in (1, -1):
            for one in call(sign * values, settings):
                place = (rows["chrom"].iloc[0], positions[one.start], positions[one.end - 1] + 1)
                found.append((region, track, *place, sign * one.total, one.p, text[one.start : one.end]))
    columns = ["region", "track", "chrom", "start", "end", "attribution", "p", "sequence"]
    frame = pd.DataFrame(found, columns=columns).sort_values(["track", "start"], kind="stable", ignore_index=True)
    return _named(frame, motifs)[SCHEMAS["seqlets"].names]


def _named(frame: pd.DataFrame, motifs: list[Motif]) -> pd.DataFrame:
    if frame.empty or not motifs:
        return frame.assign(motif=None, strand=None, match_p=np.nan, match_q=np.nan)
    unique = list(dict.fromkeys(frame["sequence"]))
    matches = [tomtom(np.eye(5)[encode(text), :4], motifs) for text in unique]
    which = frame["sequence"].map({text: i for i, text in enumerate(unique)}).to_numpy()
    p = np.stack([match.p for match in matches])[which]
    strands = np.stack([match.strand for match in matches])[which]
    best, row = p.argmin(axis=1), np.arange(len(frame))
    return frame.assign(
        motif=[motifs[i].name for i in best],
        strand=strands[row, best],
        match_p=p[row, best],
        match_q=adjusted(p)[row, best],
    )
