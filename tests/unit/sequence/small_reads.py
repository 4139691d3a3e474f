"""Small BAM, FASTA and label files for tests, and a slow, plain reading of a BAM to compare with."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pysam
from hypothesis import strategies as st

from presage.sequence.samples.reads import Reads

CONTIGS = {"chr1": 400, "chr2": 300, "chrM": 100}
CELLS = ("AAAC-1", "CCCG-1", "GGGT-1")


class Read(NamedTuple):
    """One alignment; ``tags`` as (name, value) pairs."""

    contig: str = "chr1"
    start: int = 0
    cigar: str = "10M"
    flag: int = 0
    mapq: int = 60
    tags: tuple = (("CB", "AAAC-1"), ("UB", "ACGT"))
    name: str = "r"
    length: int = 0


def write_bam(path: Path, reads: Iterable[Read], contigs: Mapping[str, int] = CONTIGS, index: bool = True) -> Path:
    """A coordinate-sorted BAM (with .bai) of ``reads``."""
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": n, "LN": size} for n, size in contigs.items()]}
    )
    order = list(contigs)
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for read in sorted(reads, key=lambda r: (order.index(r.contig), r.start)):
            segment = pysam.AlignedSegment(header)
            segment.query_name, segment.flag, segment.mapping_quality = read.name, read.flag, read.mapq
            segment.reference_name, segment.reference_start = read.contig, read.start
            segment.cigarstring = None if read.flag & 4 else read.cigar
            if read.flag & 1:
                segment.next_reference_name, segment.next_reference_start = read.contig, read.start
                segment.template_length = read.length
            segment.query_sequence = "A" * (segment.infer_query_length() or 10)
            for name, value in read.tags:
                segment.set_tag(name, value)
            out.write(segment)
    if index:
        pysam.index(str(path))
    return path


def write_fasta(path: Path, contigs: Mapping[str, int] = CONTIGS, seed: int = 0) -> Path:
    """Random bases, 50 a line."""
    rng = np.random.default_rng(seed)
    with path.open("w") as out:
        for name, length in contigs.items():
            bases = "".join(rng.choice(list("ACGT"), length))
            out.write(f">{name} some text\n" + "".join(f"{bases[i : i + 50]}\n" for i in range(0, length, 50)))
    return path


def write_labels(path: Path, labels: Mapping[str, str]) -> Path:
    """A TSV of barcode and cell_type."""
    path.write_text("barcode\tcell_type\n" + "".join(f"{b}\t{t}\n" for b, t in labels.items()))
    return path


@st.composite
def random_reads(draw: st.DrawFn) -> list[Read]:
    """Reads of all kinds: spliced, with insertions and deletions, of low quality, secondary, untagged, duplicates."""
    out = []
    for number in range(draw(st.integers(1, 25))):
        contig = draw(st.sampled_from(list(CONTIGS)))
        cigar = draw(st.sampled_from(["10M", "4M20N6M", "5M2D5M", "3S7M", "4M1I5M", "2M5N3M5N5M"]))
        tags = []
        if draw(st.integers(0, 9)):
            tags.append(("CB", draw(st.sampled_from([*CELLS, "TTTT-1"]))))
        if draw(st.integers(0, 9)):
            tags.append(("UB", draw(st.sampled_from(["ACGT", "ACGA", "ACGN", "ACG"]))))
        if draw(st.booleans()):
            tags.append(("xf", draw(st.sampled_from([25, 17, 0]))))
        flag = draw(st.sampled_from([0, 16, 0, 16, 256, 2048, 512, 4, 1024, 1 | 64, 1 | 128, 1 | 128 | 16]))
        start = draw(st.integers(0, CONTIGS[contig] - 40))
        mapq = draw(st.sampled_from([0, 29, 30, 60, 255]))
        out.append(Read(contig, start, cigar, flag, mapq, tuple(tags), f"r{number}"))
    return out


def slow_reading(path: Path, known: Mapping[str, str], min_mapq: int = 30, genes: bool = False) -> dict:
    """What one loop over a BAM finds: depth (position -> reads) per (label, strand, contig), molecules, reads by fate.

    Written without any of presage's code. A molecule is (cell, UMI, contig, strand), with ``genes`` also the GX gene;
    reads without a gene join a molecule of their cell and UMI on that strand if there is one.
    """
    fate: Counter = Counter()
    passing = []
    with pysam.AlignmentFile(str(path), check_sq=False) as bam:
        for read in bam.fetch(until_eof=True):
            tags = dict(read.get_tags())
            if read.is_unmapped:
                fate["unmapped"] += 1
            elif read.is_secondary:
                fate["secondary"] += 1
            elif read.is_supplementary:
                fate["supplementary"] += 1
            elif read.is_qcfail:
                fate["qc_fail"] += 1
            elif read.mapping_quality < min_mapq:
                fate["low_mapq"] += 1
            elif read.is_paired and read.is_read1:
                fate["mate"] += 1
            elif "xf" in tags and tags["xf"] != 25:
                fate["not_xf"] += 1
            elif "CB" not in tags:
                fate["no_cb"] += 1
            elif tags["CB"] not in known:
                fate["not_labelled"] += 1
            elif set(tags.get("UB", "N")) - set("ACGT"):
                fate["no_umi"] += 1
            else:
                gene = tags.get("GX") if genes and ";" not in tags.get("GX", "") else None
                passing.append((read, tags["CB"], tags["UB"], read.reference_name, read.is_reverse, gene))
    depth: dict = defaultdict(Counter)
    molecules: Counter = Counter()
    with_gene = {key[1:5] for key in passing if key[5]}
    seen = set()
    for read, cell, umi, contig, minus, gene in passing:
        key = (cell, umi, contig, minus, gene)
        if key in seen or (gene is None and key[:4] in with_gene):
            fate["umi_duplicate"] += 1
            continue
        seen.add(key)
        fate["used"] += 1
        molecules[known[cell]] += 1
        here = depth[known[cell], "-" if minus else "+", contig]
        position = read.reference_start
        for operation, size in read.cigartuples:
            if operation in (0, 7, 8):
                here.update(range(position, position + size))
            if operation in (0, 2, 3, 7, 8):
                position += size
    return {"fate": dict(fate), "molecules": dict(molecules), "depth": dict(depth)}


def reads_of(rows):
    """Reads from (cell, umi, minus, [(start, end), ...])."""
    blocks = [block for row in rows for block in row[3]]
    return Reads(
        np.array([row[0] for row in rows], dtype=np.int32),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=bool),
        np.full(len(rows), -1, dtype=np.int32),
        np.array([start for start, _ in blocks], dtype=np.int64),
        np.array([end for _, end in blocks], dtype=np.int64),
        np.concatenate([[0], np.cumsum([len(row[3]) for row in rows])]).astype(np.int64),
        [],
    )
