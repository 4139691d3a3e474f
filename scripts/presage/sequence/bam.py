"""Aligned reads of single cells: from an indexed BAM to arrays, one stretch at a time, every read used or counted.

RNA reads keep their aligned blocks, ATAC read pairs become fragments. Coordinates are 0-based half-open.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pysam

from presage.errors import UserError
from presage.sequence.barcodes import Barcodes
from presage.sequence.contigs import ContigMap, match_contigs
from presage.sequence.fragments import Fragments
from presage.sequence.reads import Reads
from presage.sequence.stretches import Stretch, cut
from presage.sequence.umis import encode

_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_PAIRED, _PROPER, _UNMAPPED, _REVERSE = 0x1, 0x2, 0x4, 0x10
_READ1, _SECONDARY, _QC_FAIL, _DUPLICATE, _SUPPLEMENTARY = 0x40, 0x100, 0x200, 0x400, 0x800
_COUNTED = 25  # Cell Ranger's xf: confidently mapped to one feature (1 + 16) and the molecule's counted read (8)
_PEEK_PLACES, _PEEK_READS = 40, 1_000  # where a file is looked at before it is read, and reads at each place
_THREADS = 1  # of htslib: the jobs of a run share the cores already
_TN5 = (4, -5)  # the transposase cuts 9 bp apart: from aligned ends to the centre of each cut (Buenrostro 2013)
_MATE_REACH = 5_000  # bp between the first bases of two mates; a longer fragment is no open chromatin of one molecule


@dataclass(frozen=True)
class Rules:
    """Which reads are used. See :class:`presage.config.pseudobulk.Pseudobulk`."""

    min_mapq: int = 30
    barcode_tag: str = "CB"
    umi_tag: str = "UB"
    read_name: str | None = None  # pattern with groups barcode and umi, in place of the tags
    umi: bool = True
    require_xf: bool = True
    antisense: bool = False  # cDNA reads are antisense to the transcript (10x 5' kits)


class Taken(NamedTuple):
    """What a stretch gave.

    ``found``: the reads or fragments in labelled cells; ``dropped``: reads left out by reason; ``others``: int32, the
    number of each read's barcode where it would have been used had its barcode a label (for the knee plot).
    """

    found: Any
    dropped: Counter[str]
    others: np.ndarray


class Peek(NamedTuple):
    """A look at some thousand primary alignments, spread over the genome: how many there were and what they carry."""

    reads: int
    barcode: int
    umi: int
    xf: int
    barcodes: list[str]


class Bam:
    """An indexed BAM whose contigs are matched to a genome (``reference`` None: its own header is the genome).

    Raises :class:`UserError` for a file that is missing, no BAM, truncated, not indexed, without cell barcodes (or with
    fewer than ``1 - most_bare`` of its reads having one), or of another genome.

    Attributes
    ----------
    lengths : contigs of the header and their bp
    contigs : ContigMap from the file's contig names to the genome's
    total : alignments in the file
    skipped : alignments that no contig of the genome will show, by reason
    peek : what a look at it told
    """

    def __init__(
        self,
        path: str | Path,
        reference: Mapping[str, int] | None = None,
        rules: Rules = Rules(),
        most_bare: float = 0.5,
    ) -> None:
        self.path = Path(path)
        _check_end(self.path)
        with _quiet(), _read_errors(self.path):
            self._file = pysam.AlignmentFile(str(path), "rb", threads=_THREADS)
        if not self._file.has_index():
            raise UserError(path, "has no index", f"run `samtools index {path}`")
        self.lengths = dict(zip(self._file.references, self._file.lengths))
        own = ContigMap({name: name for name in self.lengths})
        self.contigs = own if reference is None else match_contigs(path, self.lengths, reference)
        self._theirs = {ours: theirs for theirs, ours in self.contigs.names.items()}
        with _read_errors(self.path):
            self._totals = {s.contig: s.total for s in self._file.get_index_statistics()}
        self.total = sum(self._totals.values()) + self._file.nocoordinate
        self.skipped = Counter(unmapped=self._file.nocoordinate)
        self.skipped["contig_not_in_genome"] = sum(self._totals[name] for name in self.contigs.missing)
        self.peek = self._peek(rules)
        what = (
            f"no {rules.barcode_tag} tag (cell barcode)" if rules.read_name is None else "no barcode in its read names"
        )
        bare = self.peek.reads - self.peek.barcode
        if self.peek.reads and not self.peek.barcode:
            raise UserError(path, f"carries {what}", "give the BAM of a single-cell pipeline")
        if self.peek.reads >= 100 and bare > most_bare * self.peek.reads:
            raise UserError(
                path,
                f"{100 * bare / self.peek.reads:.0f} % of reads carry {what}",
                "give the BAM of a single-cell pipeline, or raise pseudobulk.max_no_barcode",
            )

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # of a corrupt file htslib complains again
            self._file.close()

    def alignments(self, chrom: str, start: int, end: int) -> Iterator[pysam.AlignedSegment]:
        """Alignments that begin in ``[start, end)`` of contig ``chrom`` (the genome's name), in file order."""
        if chrom not in self._theirs or not self._totals[self._theirs[chrom]]:
            return iter(())
        overlapping = self._file.fetch(self._theirs[chrom], start, end)
        return dropwhile(lambda read: read.reference_start < start, overlapping) if start else overlapping

    def weights(self, stretches: Sequence[Stretch]) -> list[float]:
        """About how many alignments each stretch holds, from the index: its share of the contig's."""
        reads = {ours: self._totals[theirs] for ours, theirs in self._theirs.items()}
        ends = {s.chrom: s.end for s in stretches}
        return [reads.get(s.chrom, 0) * (s.end - s.start) / ends[s.chrom] for s in stretches]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Tell what goes wrong inside as :class:`UserError`, and close the file then."""
        try:
            with _read_errors(self.path):
                yield
        except UserError:
            self.close()
            raise

    def _peek(self, rules: Rules) -> Peek:
        there = [s for s in cut({name: self.lengths[name] for name in self._theirs.values()}) if self._totals[s.chrom]]
        places = (
            [there[i] for i in np.unique(np.linspace(0, len(there) - 1, _PEEK_PLACES).astype(int))] if there else []
        )
        pattern = rules.read_name and re.compile(rules.read_name)
        reads = umis = xf = 0
        seen: Counter[str] = Counter()
        with self.reading():
            for place in places:
                for read in islice(self._file.fetch(place.chrom, place.start, place.end), _PEEK_READS):
                    if read.flag & (_UNMAPPED | _SECONDARY | _SUPPLEMENTARY | _QC_FAIL):
                        continue
                    reads += 1
                    barcode, umi = _from_name(pattern, read) if pattern else _from_tags(read, rules)
                    seen[barcode or ""] += 1
                    umis += umi is not None
                    xf += read.has_tag("xf")
        bare = seen.pop("", 0)
        return Peek(reads, reads - bare, umis, xf, sorted(seen))


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
            if flag & _NEVER:
                refused[flag & _NEVER] += 1
                continue
            if read.mapping_quality < least:
                refused[0] += 1
                continue
            if flag & _PAIRED and flag & _READ1:
                mates += 1
                continue
            if not with_umis and flag & _DUPLICATE:
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
                barcode, umi = _from_name(pattern, read)
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
        (np.asarray(flags, dtype=np.int32) & _REVERSE > 0) != rules.antisense,
        np.asarray(genes, dtype=np.int32) if gene_tags else np.full(len(cells), -1, dtype=np.int32),
        np.asarray(starts, dtype=np.int64),
        np.asarray(ends, dtype=np.int64),
        np.concatenate([[0], np.cumsum(np.asarray(sizes, dtype=np.int64))]),
        list(gene_index),
    )
    dropped = Counter(mate=mates, duplicate=duplicates, no_cb=bare, not_labelled=len(others), not_xf=uncounted)
    for bits, number in refused.items():
        dropped[_reason(bits)] += number
    if with_umis:
        valid = reads.umi >= 0
        dropped["no_umi"] = int((~valid).sum())
        reads = reads if valid.all() else reads.take(valid)
    return Taken(reads, dropped, np.asarray(others, dtype=np.int32))


def read_atac(bam: Bam, stretch: Stretch, barcodes: Barcodes, rules: Rules) -> Taken:
    """ATAC fragments of one stretch (:class:`Fragments`), Tn5-shifted (+4, -5) and unique per cell.

    A fragment is a proper pair of which both mates pass and begin within 5,000 bp: it uses two reads, and belongs to
    the stretch that its left mate begins in. Each read is counted in the stretch that it begins in itself.
    """
    sides = {
        0: (array("q"), array("q"), array("q"), array("i")),
        _REVERSE: (array("q"), array("q"), array("q"), array("i")),
    }
    dropped: Counter[str] = Counter()
    others = array("i")
    chrom, begin, finish = stretch
    pattern = re.compile(rules.read_name) if rules.read_name else None
    with bam.reading():
        for read in bam.alignments(chrom, max(0, begin - _MATE_REACH), finish + _MATE_REACH):
            flag, place = read.flag, read.reference_start
            reason, cell = None, -1
            if flag & _NEVER:
                reason = _reason(flag & _NEVER)
            elif read.mapping_quality < rules.min_mapq:
                reason = "low_mapq"
            elif not (flag & _PAIRED and flag & _PROPER):
                reason = "not_proper_pair"
            elif flag & _DUPLICATE:
                reason = "duplicate"
            else:
                barcode, _ = _from_name(pattern, read) if pattern else _from_tags(read, rules)
                if barcode is None:
                    reason = "no_cb"
                elif (cell := barcodes.number(barcode)) >= barcodes.known:
                    reason = "not_labelled"
                    if begin <= place < finish:
                        others.append(cell)
            if reason is not None:
                dropped[reason] += begin <= place < finish
                continue
            names, firsts, cuts, cells = sides[flag & _REVERSE]
            names.append(hash(read.query_name))
            firsts.append(place)
            cuts.append(read.reference_end or 0 if flag & _REVERSE else place)
            cells.append(cell)
    forward, reverse = (tuple(np.asarray(column) for column in sides[side]) for side in (0, _REVERSE))
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


def plain_reads(alignments: Iterable[pysam.AlignedSegment], min_mapq: int) -> Reads:
    """Usable reads, of any cell, with strand and blocks only: to see which strand a library reads."""
    kept = [
        (read.is_reverse, read.get_blocks())
        for read in alignments
        if not read.flag & _NEVER and read.mapping_quality >= min_mapq and not (read.is_paired and read.is_read1)
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


_NEVER = _UNMAPPED | _SECONDARY | _SUPPLEMENTARY | _QC_FAIL


def _reason(bits: int) -> str:
    """Why an alignment with these of the flags ``_NEVER`` is not used; with none of them its quality was low."""
    for flag, reason in (
        (_UNMAPPED, "unmapped"),
        (_SECONDARY, "secondary"),
        (_SUPPLEMENTARY, "supplementary"),
        (_QC_FAIL, "qc_fail"),
    ):
        if bits & flag:
            return reason
    return "low_mapq"


def _from_tags(read: pysam.AlignedSegment, rules: Rules) -> tuple[str | None, str | None]:
    """Barcode and UMI by their tags; None where a read has none."""
    barcode = str(read.get_tag(rules.barcode_tag)) if read.has_tag(rules.barcode_tag) else None
    return barcode, str(read.get_tag(rules.umi_tag)) if read.has_tag(rules.umi_tag) else None


def _from_name(pattern: re.Pattern[str], read: pysam.AlignedSegment) -> tuple[str | None, str | None]:
    """Barcode and UMI from the read's name; None where it does not fit the pattern, or the pattern names no UMI."""
    match = pattern.search(read.query_name or "")
    groups = match.groupdict() if match else {}
    return groups.get("barcode"), groups.get("umi")


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
