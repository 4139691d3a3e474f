"""RNA reads of single cells: from a stretch of a BAM to arrays, every read used or counted."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pysam

from presage.sequence.reference.stretches import Stretch
from presage.sequence.samples.bam import (
    DUPLICATE,
    NEVER,
    PAIRED,
    READ1,
    REVERSE,
    Bam,
    Rules,
    Taken,
    from_name,
    reason_of,
)
from presage.sequence.samples.barcodes import Barcodes
from presage.sequence.samples.reads import Reads
from presage.sequence.samples.umis import encode

_COUNTED = 25  # Cell Ranger's xf: confidently mapped to one feature (1 + 16) and the molecule's counted read (8)


def read_rna(bam: Bam, stretch: Stretch, barcodes: Barcodes, rules: Rules, gene_tags: bool = False) -> Taken:
    """RNA reads of one stretch (:class:`Reads`).

    In read pairs only read 2, the cDNA read of every 10x kit, is used. The aligner's duplicate flag decides only where
    reads are not collapsed by UMI (see ``umis.molecules``). ``gene_tags``: read GX and GN.
    """
    cells, flags, genes, others = array("i"), array("i"), array("i"), array("i")
    starts, ends, sizes = array("q"), array("q"), array("i")
    umis: list[str] = []
    gene_index: dict[tuple[str, str], int] = {}
    refused: Counter[int] = Counter()
    mates = duplicates = bare = uncounted = 0
    # Bound once: this loop runs for every read, and each look-up by name costs as much as reading a flag.
    numbers, known, least, tag, umi_tag = (
        barcodes.index,
        barcodes.known,
        rules.min_mapq,
        rules.barcode_tag,
        rules.umi_tag,
    )
    pattern = re.compile(rules.read_name) if rules.read_name else None
    want_xf, common_xf, with_umis = rules.require_xf, bam.peek.xf > 0, rules.umi
    barcode = umi = None
    with bam.reading():
        for read in bam.alignments(*stretch):
            flag = read.flag
            if flag & NEVER:
                refused[flag & NEVER] += 1
                continue
            if read.mapping_quality < least:
                refused[0] += 1
                continue
            if flag & PAIRED and flag & READ1:
                mates += 1
                continue
            if not with_umis and flag & DUPLICATE:
                duplicates += 1
                continue
            # Before the barcode, as three of four reads of Cell Ranger's end here. A missing tag costs an exception.
            if want_xf and (common_xf or read.has_tag("xf")):
                try:
                    if read.get_tag("xf") != _COUNTED:
                        uncounted += 1
                        continue
                except KeyError:
                    pass
            if pattern:
                barcode, umi = from_name(pattern, read)
            else:
                try:
                    barcode = str(read.get_tag(tag))
                except KeyError:
                    barcode = None
            if barcode is None:
                bare += 1
                continue
            cell = numbers.get(barcode)
            if cell is None:
                cell = numbers[barcode] = len(numbers)
            if cell >= known:
                others.append(cell)
                continue
            if with_umis:
                if not pattern:
                    try:
                        umi = str(read.get_tag(umi_tag))
                    except KeyError:
                        umi = None
                umis.append(umi or "")
            blocks = read.get_blocks()
            for start, end in blocks:
                starts.append(start)
                ends.append(end)
            sizes.append(len(blocks))
            cells.append(cell)
            flags.append(flag)
            if gene_tags:
                genes.append(_gene(read, gene_index))
    reads = Reads(
        np.asarray(cells, dtype=np.int32),
        encode(umis) if with_umis else np.full(len(cells), -1, dtype=np.int64),
        (np.asarray(flags, dtype=np.int32) & REVERSE > 0) != rules.antisense,
        np.asarray(genes, dtype=np.int32) if gene_tags else np.full(len(cells), -1, dtype=np.int32),
        np.asarray(starts, dtype=np.int64),
        np.asarray(ends, dtype=np.int64),
        np.concatenate([[0], np.cumsum(np.asarray(sizes, dtype=np.int64))]),
        list(gene_index),
    )
    dropped = Counter(mate=mates, duplicate=duplicates, no_cb=bare, not_labelled=len(others), not_xf=uncounted)
    for bits, number in refused.items():
        dropped[reason_of(bits)] += number
    if with_umis:
        valid = reads.umi >= 0
        dropped["no_umi"] = int((~valid).sum())
        reads = reads if valid.all() else reads.take(valid)
    return Taken(reads, dropped, np.asarray(others, dtype=np.int32))


def plain_reads(alignments: Iterable[pysam.AlignedSegment], min_mapq: int) -> Reads:
    """Usable reads, of any cell, with strand and blocks only: to see which strand a library reads."""
    kept = [
        (read.is_reverse, read.get_blocks())
        for read in alignments
        if not read.flag & NEVER and read.mapping_quality >= min_mapq and not (read.is_paired and read.is_read1)
    ]
    blocks = [block for _, found in kept for block in found]
    none = np.full(len(kept), -1, dtype=np.int32)
    return Reads(
        none,
        none.astype(np.int64),
        np.array([reverse for reverse, _ in kept], dtype=bool),
        none,
        np.array([start for start, _ in blocks], dtype=np.int64),
        np.array([end for _, end in blocks], dtype=np.int64),
        np.concatenate([[0], np.cumsum([len(found) for _, found in kept])]).astype(np.int64),
        [],
    )


def _gene(read: pysam.AlignedSegment, index: dict[tuple[str, str], int]) -> int:
    """Number of the read's GX gene in ``index`` (grows); -1 where it has none or several."""
    if not read.has_tag("GX") or ";" in (gene := str(read.get_tag("GX"))):
        return -1
    name = str(read.get_tag("GN")) if read.has_tag("GN") else gene
    return index.setdefault((gene, name), len(index))
