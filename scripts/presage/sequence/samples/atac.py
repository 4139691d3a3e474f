"""ATAC read pairs of single cells: from a stretch of a BAM to fragments, every read used or counted."""

import re
from array import array
from collections import Counter

import numpy as np

from presage.sequence.reference.stretches import Stretch
from presage.sequence.samples.bam import (
    DUPLICATE,
    NEVER,
    PAIRED,
    PROPER,
    REVERSE,
    Bam,
    Rules,
    Taken,
    from_name,
    from_tags,
    reason_of,
)
from presage.sequence.samples.barcodes import Barcodes
from presage.sequence.samples.fragments import Fragments

_TN5 = (4, -5)  # the transposase cuts 9 bp apart: from aligned ends to the centre of each cut (Buenrostro 2013)
_MATE_REACH = 5_000  # bp between the first bases of two mates; a longer fragment is no open chromatin of one molecule


def read_atac(bam: Bam, stretch: Stretch, barcodes: Barcodes, rules: Rules) -> Taken:
    """ATAC fragments of one stretch (:class:`Fragments`), Tn5-shifted (+4, -5) and unique per cell.

    A fragment is a proper pair of which both mates pass and begin within 5,000 bp: it uses two reads, and belongs to
    the stretch that its left mate begins in. Each read is counted in the stretch that it begins in itself.
    """
    sides = {
        0: (array("q"), array("q"), array("q"), array("i")),
        REVERSE: (array("q"), array("q"), array("q"), array("i")),
    }
    dropped: Counter[str] = Counter()
    others = array("i")
    chrom, begin, finish = stretch
    pattern = re.compile(rules.read_name) if rules.read_name else None
    with bam.reading():
        for read in bam.alignments(chrom, max(0, begin - _MATE_REACH), finish + _MATE_REACH):
            flag, place = read.flag, read.reference_start
            reason, cell = None, -1
            if flag & NEVER:
                reason = reason_of(flag & NEVER)
            elif read.mapping_quality < rules.min_mapq:
                reason = "low_mapq"
            elif not (flag & PAIRED and flag & PROPER):
                reason = "not_proper_pair"
            elif flag & DUPLICATE:
                reason = "duplicate"
            else:
                barcode, _ = from_name(pattern, read) if pattern else from_tags(read, rules)
                if barcode is None:
                    reason = "no_cb"
                elif (cell := barcodes.number(barcode)) >= barcodes.known:
                    reason = "not_labelled"
                    if begin <= place < finish:
                        others.append(cell)
            if reason is not None:
                dropped[reason] += begin <= place < finish
                continue
            names, firsts, cuts, cells = sides[flag & REVERSE]
            names.append(hash(read.query_name))
            firsts.append(place)
            cuts.append(read.reference_end or 0 if flag & REVERSE else place)
            cells.append(cell)
    forward, reverse = (tuple(np.asarray(column) for column in sides[side]) for side in (0, REVERSE))
    _, left, right = np.intersect1d(forward[0], reverse[0], return_indices=True)
    pairs = Fragments(forward[3][left], forward[2][left] + _TN5[0], reverse[2][right] + _TN5[1])
    proper = (pairs.end > pairs.start) & (pairs.cell == reverse[3][right])
    proper &= np.abs(forward[1][left] - reverse[1][right]) <= _MATE_REACH
    first = np.minimum(forward[1][left], reverse[1][right])
    own = proper & (first >= begin) & (first < finish)
    unique = pairs.take(own).unique()
    begins = np.concatenate([forward[1], reverse[1]])
    usable = int(((begins >= begin) & (begins < finish)).sum())
    paired = np.concatenate([forward[1][left[proper]], reverse[1][right[proper]]])
    mates_here = int(((paired >= begin) & (paired < finish)).sum())
    dropped["mate_not_used"] = usable - mates_here
    # A pair that reaches into the next stretch is used here: its other mate is counted there, so both here and there.
    dropped["fragment_duplicate"] = 2 * (int(own.sum()) - len(unique))
    dropped["used"] = mates_here - dropped["fragment_duplicate"]
    return Taken(unique, dropped, np.asarray(others, dtype=np.int32))
