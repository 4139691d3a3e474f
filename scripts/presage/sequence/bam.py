"""Aligned reads of single cells: from an indexed BAM to arrays, one contig at a time, every read used or counted.

RNA reads keep their aligned blocks, ATAC read pairs become fragments. Coordinates are 0-based half-open.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from presage.errors import UserError
from presage.sequence.fragments import Fragments
from presage.sequence.genome import ContigMap, match_contigs
from presage.sequence.labels import Barcodes

_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_PAIRED, _PROPER, _UNMAPPED, _REVERSE = 0x1, 0x2, 0x4, 0x10
_READ1, _SECONDARY, _QC_FAIL, _DUPLICATE, _SUPPLEMENTARY = 0x40, 0x100, 0x200, 0x400, 0x800
_COUNTED = 25  # Cell Ranger's xf: confidently mapped to one feature (1 + 16) and the molecule's counted read (8)
_PEEK = 20_000  # reads at the start of a file among which one must carry a barcode
_TN5 = (4, -5)  # the transposase cuts 9 bp apart: from aligned ends to the centre of each cut (Buenrostro 2013)
_UMI_DIGITS = str.maketrans("ACGT", "0123")


@dataclass(frozen=True)
class Rules:
    """Which reads are used. See :class:`presage.config.pseudobulk.Pseudobulk`."""

    min_mapq: int = 30
    barcode_tag: str = "CB"
    umi_tag: str = "UB"
    umi: bool = True
    require_xf: bool = True
    antisense: bool = False  # cDNA reads are antisense to the transcript (10x 5' kits)


@dataclass(frozen=True)
class Reads:
    """RNA reads of one contig in file order.

    Attributes
    ----------
    cell : int32 [reads], index of :class:`presage.sequence.labels.Barcodes`
    umi : int64 [reads], the UMI's bases as a number, -1 without one
    minus : bool [reads], the *transcript* is on the minus strand
    gene : int32 [reads], index into ``gene_names`` by the aligner's GX tag, -1 without or with several
    block_start, block_end : int64 [blocks], aligned blocks; introns and deletions lie between them
    offset : int64 [reads + 1], blocks of read i are ``offset[i]:offset[i + 1]``, at least one
    gene_names : list of (GX, GN)
    """

    cell: np.ndarray
    umi: np.ndarray
    minus: np.ndarray
    gene: np.ndarray
    block_start: np.ndarray
    block_end: np.ndarray
    offset: np.ndarray
    gene_names: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.cell)

    def take(self, keep: np.ndarray) -> "Reads":
        """The reads where ``keep`` (bool [reads]) holds."""
        blocks = np.repeat(keep, np.diff(self.offset))
        sizes = np.diff(self.offset)[keep]
        return Reads(
            self.cell[keep],
            self.umi[keep],
            self.minus[keep],
            self.gene[keep],
            self.block_start[blocks],
            self.block_end[blocks],
            np.concatenate([[0], np.cumsum(sizes)]),
            self.gene_names,
        )


class Bam:
    """An indexed BAM whose contigs are matched to a genome (``reference`` None: its own header is the genome).

    Raises :class:`UserError` for a file that is missing, no BAM, truncated, not indexed, without cell barcodes, or of
    another genome.

    Attributes
    ----------
    lengths : contigs of the header and their bp
    contigs : ContigMap from the file's contig names to the genome's
    total : alignments in the file
    skipped : alignments that no contig of the genome will show, by reason
    first_barcodes : distinct cell barcodes of the first reads, sorted
    """

    def __init__(self, path: str | Path, reference: Mapping[str, int] | None = None, barcode_tag: str = "CB") -> None:
        self.path = Path(path)
        _check_end(self.path)
        with _quiet(), _read_errors(self.path):
            self._file = pysam.AlignmentFile(str(path), "rb", threads=2)
        if not self._file.has_index():
            raise UserError(path, "has no index", f"run `samtools index {path}`")
        self.lengths = dict(zip(self._file.references, self._file.lengths))
        own = ContigMap({name: name for name in self.lengths})
        self.contigs = own if reference is None else match_contigs(path, self.lengths, reference)
        self._theirs = {ours: theirs for theirs, ours in self.contigs.names.items()}
        with _read_errors(self.path):
            stats = {s.contig: s.total for s in self._file.get_index_statistics()}
            start = [read.get_tag(barcode_tag) if read.has_tag(barcode_tag) else "" for read in self._file.head(_PEEK)]
        self.first_barcodes = sorted({str(barcode) for barcode in start if barcode})
        if start and not self.first_barcodes:
            raise UserError(
                path, f"carries no {barcode_tag} tag (cell barcode)", "give the BAM of a single-cell pipeline"
            )
        self.total = sum(stats.values()) + self._file.nocoordinate
        self.skipped = Counter(unmapped=self._file.nocoordinate)
        self.skipped["contig_not_in_genome"] = sum(stats[name] for name in self.contigs.missing)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # of a corrupt file htslib complains again
            self._file.close()

    def reads(self, chrom: str) -> Iterator[pysam.AlignedSegment]:
        """Alignments of contig ``chrom`` (the genome's name) in file order."""
        if chrom in self._theirs:
            try:
                with _read_errors(self.path):
                    yield from self._file.fetch(self._theirs[chrom])
            except UserError:
                self.close()
                raise


def read_rna(
    bam: Bam, chrom: str, barcodes: Barcodes, rules: Rules, gene_tags: bool = False
) -> tuple[Reads, Counter[str]]:
    """RNA reads of one contig, and the number left out by reason.

    In read pairs only read 2, the cDNA read of every 10x kit, is used. The aligner's duplicate flag decides only where
    reads are not collapsed by UMI (see :func:`presage.sequence.counts.molecules`). ``gene_tags``: read GX and GN.
    """
    cells, umis, minus, genes = array("i"), array("q"), array("b"), array("i")
    starts, ends, sizes = array("q"), array("q"), array("q")
    gene_index: dict[tuple[str, str], int] = {}
    dropped: Counter[str] = Counter()
    for read in bam.reads(chrom):
        flag = read.flag
        reason = _refuse(flag, read.mapping_quality, rules.min_mapq)
        if reason is None and flag & _PAIRED and flag & _READ1:
            reason = "mate"
        if reason is None and not rules.umi and flag & _DUPLICATE:
            reason = "duplicate"
        umi = -1
        if reason is None:
            cell = _cell(read, barcodes, rules.barcode_tag)
            if cell < 0:
                reason = "no_cb" if cell == -2 else "not_labelled"
            elif rules.require_xf and read.has_tag("xf") and read.get_tag("xf") != _COUNTED:
                reason = "not_xf"
            elif rules.umi and (umi := _umi(read, rules.umi_tag)) < 0:
                reason = "no_umi"
        if reason is not None:
            dropped[reason] += 1
            continue
        blocks = read.get_blocks()
        for start, end in blocks:
            starts.append(start)
            ends.append(end)
        sizes.append(len(blocks))
        cells.append(cell)
        umis.append(umi)
        minus.append(bool(flag & _REVERSE) != rules.antisense)
        genes.append(_gene(read, gene_index) if gene_tags else -1)
    offset = np.concatenate([[0], np.cumsum(np.asarray(sizes, dtype=np.int64))])
    reads = Reads(
        np.asarray(cells),
        np.asarray(umis),
        np.asarray(minus, dtype=bool),
        np.asarray(genes),
        np.asarray(starts),
        np.asarray(ends),
        offset,
        list(gene_index),
    )
    return reads, dropped


def read_atac(bam: Bam, chrom: str, barcodes: Barcodes, rules: Rules) -> tuple[Fragments, Counter[str]]:
    """ATAC fragments of one contig, Tn5-shifted (+4, -5) and unique per cell, and *reads* left out by reason.

    A fragment is a proper pair of which both mates pass: it uses two reads.
    """
    sides = {0: (array("q"), array("q"), array("i")), _REVERSE: (array("q"), array("q"), array("i"))}
    dropped: Counter[str] = Counter()
    for read in bam.reads(chrom):
        flag = read.flag
        reason = _refuse(flag, read.mapping_quality, rules.min_mapq)
        if reason is None and not (flag & _PAIRED and flag & _PROPER):
            reason = "not_proper_pair"
        if reason is None and flag & _DUPLICATE:
            reason = "duplicate"
        if reason is None:
            cell = _cell(read, barcodes, rules.barcode_tag)
            if cell < 0:
                reason = "no_cb" if cell == -2 else "not_labelled"
        if reason is not None:
            dropped[reason] += 1
            continue
        names, places, cells = sides[flag & _REVERSE]
        names.append(hash(read.query_name))
        places.append(read.reference_end or 0 if flag & _REVERSE else read.reference_start)
        cells.append(cell)
    forward, reverse = (tuple(np.asarray(column) for column in sides[side]) for side in (0, _REVERSE))
    _, left, right = np.intersect1d(forward[0], reverse[0], return_indices=True)
    pairs = Fragments(forward[2][left], forward[1][left] + _TN5[0], reverse[1][right] + _TN5[1])
    proper = pairs.take((pairs.end > pairs.start) & (pairs.cell == reverse[2][right]))
    unique = proper.unique()
    dropped["mate_not_used"] = len(forward[0]) + len(reverse[0]) - 2 * len(proper)
    dropped["fragment_duplicate"] = 2 * (len(proper) - len(unique))
    return unique, dropped


def _refuse(flag: int, mapq: int, min_mapq: int) -> str | None:
    """Why an alignment is not used, as far as flag and mapping quality tell."""
    if not flag & (_UNMAPPED | _SECONDARY | _SUPPLEMENTARY | _QC_FAIL):
        return "low_mapq" if mapq < min_mapq else None
    if flag & _UNMAPPED:
        return "unmapped"
    if flag & _SECONDARY:
        return "secondary"
    return "supplementary" if flag & _SUPPLEMENTARY else "qc_fail"


def _cell(read: pysam.AlignedSegment, barcodes: Barcodes, tag: str) -> int:
    """Number of the read's cell; -1 where its barcode is not known, -2 where it has none."""
    try:
        return barcodes.number(str(read.get_tag(tag)))
    except KeyError:
        return -2


def _umi(read: pysam.AlignedSegment, tag: str) -> int:
    """The UMI as a number in base 4 with a leading 1 (so that length counts); -1 without one, or with other letters."""
    try:
        return int("1" + str(read.get_tag(tag)).translate(_UMI_DIGITS), 4)
    except (KeyError, ValueError):
        return -1


def _gene(read: pysam.AlignedSegment, index: dict[tuple[str, str], int]) -> int:
    """Number of the read's GX gene in ``index`` (grows); -1 where it has none or several."""
    if not read.has_tag("GX") or ";" in (gene := str(read.get_tag("GX"))):
        return -1
    name = str(read.get_tag("GN")) if read.has_tag("GN") else gene
    return index.setdefault((gene, name), len(index))


def _check_end(path: Path) -> None:
    """A BAM that lacks the closing BGZF block was cut short; reading would fail late, or worse, not at all."""
    try:
        with path.open("rb") as raw:
            magic = raw.read(2)
            raw.seek(max(0, raw.seek(0, 2) - len(_BGZF_EOF)))
            complete = raw.read() == _BGZF_EOF
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})", "correct the path") from None
    if magic != b"\x1f\x8b":
        raise UserError(path, "is not a BAM file", "give a coordinate-sorted BAM")
    if not complete:
        raise UserError(path, "is truncated (no BGZF end marker)", "copy or make it again")


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Tell htslib's failures as :class:`UserError`."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise UserError(path, f"is truncated, corrupt or no BAM ({error})", "copy or make it again") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """htslib writes warnings straight to stderr; what matters of them is checked here."""
    before = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(before)
