"""How alike two motifs are: Tomtom's p-value, and its correction for many comparisons."""

from typing import NamedTuple

import numpy as np

from presage.sequence.mutagenesis.meme import Motif

_BINS = 100  # integer steps of a column's scores


class Matches(NamedTuple):
    """How like each motif of a list is: p float64 ``[motifs]``, and the strand (object, + or -) of the better match."""

    p: np.ndarray
    strand: np.ndarray


def tomtom(query: np.ndarray, motifs: list[Motif]) -> Matches:
    """Compare a query ``[width, 4]`` with motifs on both strands: Tomtom (Gupta et al. 2007, Genome Biol. 8:R24) with
    complete scores (Tanaka et al. 2011, Bioinformatics 27:1603).

    Columns are compared by minus their Euclidean distance, from which the median over all columns of all motifs is
    taken for each query column: columns that do not overlap count 0. The p of a motif is the chance that the best of
    all offsets, on the better strand, scores as much, its columns drawn independently from all columns. As in every
    Tomtom it depends on which motifs are given, and with few of them (below about 50) it is coarse.
    """
    both = [motif.probabilities for motif in motifs]
    both += [matrix[::-1, ::-1] for matrix in both]
    columns = np.concatenate(both)
    score = -np.sqrt(((query[:, None] - columns[None]) ** 2).sum(axis=2))
    score -= np.median(score, axis=1, keepdims=True)
    low, high = score.min(), score.max()
    step = (high - low) / (_BINS - 1) if high > low else 1.0
    score = np.rint(score / step).astype(np.int64)
    null = _Null(score)
    ends = np.cumsum([len(matrix) for matrix in both])
    p = np.array([null.p(_best(score[:, end - len(m) : end]), len(m)) for m, end in zip(both, ends)]).reshape(2, -1)
    return Matches(1 - (1 - p.min(axis=0)) ** 2, np.where(p[0] <= p[1], "+", "-").astype(object))


def _best(score: np.ndarray) -> int:
    """The largest sum over a diagonal of ``[query columns, motif columns]``: the best offset."""
    width, length = score.shape
    return max(int(np.trace(score, offset)) for offset in range(1 - width, length))


class _Null:
    """Chance distributions of summed integer scores ``[query columns, all motif columns]``."""

    def __init__(self, score: np.ndarray) -> None:
        self._width, self._low = len(score), int(score.min())
        self._single = [np.bincount(row - self._low) / len(row) for row in score]
        self._spans: dict[tuple[int, int], np.ndarray] = {}
        self._below: dict[int, np.ndarray] = {}

    def p(self, best: int, length: int) -> float:
        """Chance that the best offset against a motif of ``length`` columns scores at least ``best``."""
        at = best - self._width * self._low
        return float(1 - self._lower(length)[at]) if at < len(self._lower(length)) else 0.0

    def _lower(self, length: int) -> np.ndarray:
        """P(every offset's score < s), where index 0 stands for s = width * lowest score."""
        if length not in self._below:
            size = self._width * max(len(single) for single in self._single) + 1
            product = np.ones(size)
            for offset in range(1 - self._width, length):
                first, last = max(0, -offset), min(self._width, length - offset)
                pmf = self._span(first, last)
                less = np.concatenate([[0.0], np.cumsum(pmf)]).clip(max=1)
                start = (last - first - self._width) * self._low  # where this span's lowest sum lies; low is < 0
                index = np.arange(size) - start
                product *= np.where(index < 0, 0.0, less[index.clip(0, len(less) - 1)])
            self._below[length] = product
        return self._below[length]

    def _span(self, first: int, last: int) -> np.ndarray:
        """Probabilities of the sum of query columns [first, last), from (last - first) times the lowest score on."""
        if last - first == 1:
            return self._single[first]
        if (first, last) not in self._spans:
            self._spans[first, last] = np.convolve(self._span(first, last - 1), self._single[last - 1])
        return self._spans[first, last]


def adjusted(p: np.ndarray) -> np.ndarray:
    """q-values of Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289, over all of ``p``; the same shape."""
    flat = p.ravel()
    order = np.argsort(flat, kind="stable")[::-1]
    q = np.minimum.accumulate(flat[order] * len(flat) / np.arange(len(flat), 0, -1))
    out = np.empty_like(flat)
    out[order] = np.minimum(q, 1)
    return out.reshape(p.shape)
