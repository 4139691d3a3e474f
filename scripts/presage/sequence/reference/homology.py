"""Windows that are near copies of each other: a model that has trained on one has seen the other.

Whole chromosomes as folds do not part segmental duplications, which are 5 % of the human genome and lie on different
chromosomes. They are found with FracMinHash sketches: of the k-mers of a window's output those are kept whose hash is
small, the same ones wherever they occur, so that the share of a window's sketch that another holds estimates the share
of its k-mers. At an identity of p a copy keeps p^21 of them: 0.81 at 99 %, 0.34 at 95 %, 0.11 at 90 %.

Repeats would make everything alike. Soft-masked bases and N are not looked at, and neither is a k-mer with more than
``MAX_COPIES`` places, which is a repeat that no mask covers (some FASTA files carry none).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from presage.sequence.reference.genome import Genome

K = 21
PER_WINDOW = 1000  # k-mers that a window's sketch aims at, as far as it has them
MAX_SCALE = 200  # at most one k-mer in so many is kept
MAX_COPIES = 100
MIN_SHARED = 10  # k-mers; fewer say nothing (a window may be all repeats)
_CHUNK = 1 << 20  # bp that are hashed at once
_BLOCK = 1 << 18  # rows of sketches that are looked up at once


def homologous(windows: pd.DataFrame, genome: Genome, max_share: float) -> pd.DataFrame:
    """Pairs of a training and a held-out window of which one is mostly in the other.

    Parameters
    ----------
    windows : rows of the windows table; outputs are compared. Contigs that the genome lacks are passed over
    max_share : pairs above this share are given

    Returns
    -------
    Columns ``train held share``: row numbers (int64) in ``windows``, and the larger of the two shares, of the training
    window's sketch that is in the held-out one's and the other way round.
    """
    owner, hashes = sketches(windows, genome)
    size = np.bincount(owner, minlength=len(windows))
    held = (windows["fold"] != "train").to_numpy()
    ours = held[owner]
    order = np.argsort(hashes[ours], kind="stable")
    index, holder = hashes[ours][order], owner[ours][order]  # inverted: which held-out windows have a hash
    found = [np.zeros((0, 3))]
    seekers, theirs = owner[~ours], hashes[~ours]
    for rows in _blocks(seekers):
        seeker, wanted = seekers[rows], theirs[rows]
        first, last = np.searchsorted(index, wanted, "left"), np.searchsorted(index, wanted, "right")
        hits = last - first
        places = np.repeat(first - np.cumsum(hits) + hits, hits) + np.arange(hits.sum())
        pairs, shared = np.unique(np.repeat(seeker, hits) * len(windows) + holder[places], return_counts=True)
        one, two = pairs // len(windows), pairs % len(windows)
        part = shared / np.minimum(size[one], size[two])
        found.append(np.stack([one, two, part], axis=1)[(shared >= MIN_SHARED) & (part > max_share)])
    train, other, share = np.concatenate(found).T
    return pd.DataFrame({"train": train.astype(np.int64), "held": other.astype(np.int64), "share": share})


def sketches(windows: pd.DataFrame, genome: Genome) -> tuple[np.ndarray, np.ndarray]:
    """Sketches of the windows' outputs: (row of ``windows`` int64, hash uint64), each hash once a window, rows rising.

    Each contig is hashed once, however its windows overlap: 3.1 Gb take some minutes and 0.5 GB.
    """
    spans = (windows["out_end"] - windows["out_start"]).to_numpy()
    scale = int(np.clip(spans.max(initial=1) // PER_WINDOW, 1, MAX_SCALE))
    contigs = {name: kept_kmers(genome, name, scale) for name in genome.lengths if (windows["chrom"] == name).any()}
    frequent = _frequent([hashes for _, hashes in contigs.values()])
    owners, parts = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    for row, (chrom, start, end) in enumerate(windows[["chrom", "out_start", "out_end"]].itertuples(index=False)):
        if chrom in contigs:
            places, hashes = contigs[chrom]
            part = np.unique(hashes[np.searchsorted(places, start) : np.searchsorted(places, end - K, "right")])
            part = part[~np.isin(part, frequent)] if len(frequent) else part
            owners.append(np.full(len(part), row, np.int64))
            parts.append(part)
    return np.concatenate(owners), np.concatenate(parts)


def kept_kmers(genome: Genome, chrom: str, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Start (int64, rising) and hash (uint64) of about one in ``scale`` k-mers of a contig, masked ones left out."""
    places, hashes = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    limit = np.uint64(2**64 // scale - 1)
    for start in range(0, genome.lengths[chrom], _CHUNK):
        kmers, valid = canonical(genome.masked(chrom, start, min(start + _CHUNK + K - 1, genome.lengths[chrom])))
        where = np.flatnonzero(valid)
        mixed = _mix(kmers[where])
        small = mixed <= limit
        places.append(start + where[small])
        hashes.append(mixed[small])
    return np.concatenate(places), np.concatenate(hashes)


def canonical(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every k-mer as a number, the smaller of its own and its reverse complement's, and whether it has no unknown base.

    ``codes``: uint8 [n], A C G T = 0..3, 4 = unknown. Returns uint64 and bool [n - 20], empty for fewer than 21 bases.
    """
    count = max(0, len(codes) - K + 1)
    if not count:
        return np.zeros(0, np.uint64), np.zeros(0, bool)
    one = codes.astype(np.uint64) & np.uint64(3)
    forward, reverse = _words(one, reverse=False)[:count], _words(np.uint64(3) - one, reverse=True)[:count]
    unknown = np.concatenate([[0], np.cumsum(codes == 4, dtype=np.int64)])
    return np.minimum(forward, reverse), unknown[K:] == unknown[:-K]


def _words(bases: np.ndarray, reverse: bool) -> np.ndarray:
    """K two-bit letters from each place on, packed; ``reverse`` puts the first letter lowest.

    Words of 1, 2, 4, 8 and 16 letters are made by doubling and those of 21 = 16 + 4 + 1 put together from them, which
    takes seven passes instead of 21.
    """

    def join(left: np.ndarray, right: np.ndarray, size: int, added: int) -> np.ndarray:
        right = right[size:]
        left = left[: len(right)]
        return left | right << np.uint64(2 * size) if reverse else left << np.uint64(2 * added) | right

    powers = {1: bases}
    size = 1
    while 2 * size <= K:
        powers[2 * size] = join(powers[size], powers[size], size, size)
        size *= 2
    whole, length = powers[size], size
    for added in sorted(powers, reverse=True):
        if length + added <= K:
            whole, length = join(whole, powers[added], length, added), length + added
    return whole


def _mix(numbers: np.ndarray) -> np.ndarray:
    """A bijective scrambling of uint64 (the finaliser of splitmix64), so that small hashes are a fair sample."""
    mixed = numbers.copy()
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return mixed ^ mixed >> np.uint64(31)


def _frequent(parts: list[np.ndarray]) -> np.ndarray:
    """Hashes that occur at more than ``MAX_COPIES`` places, sorted."""
    every = np.sort(np.concatenate([np.zeros(0, np.uint64), *parts]))
    starts = np.flatnonzero(np.append(True, every[1:] != every[:-1])[: len(every)])
    return every[starts[np.diff(np.append(starts, len(every))) > MAX_COPIES]]


def _blocks(owner: np.ndarray) -> Iterator[slice]:
    """Slices of about ``_BLOCK`` rows that part no window."""
    start = 0
    while start < len(owner):
        last = owner[min(start + _BLOCK, len(owner)) - 1]
        end = int(np.searchsorted(owner, last, side="right"))
        yield slice(start, end)
        start = end
