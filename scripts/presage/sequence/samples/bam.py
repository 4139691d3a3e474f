"""An indexed BAM of single cells: opened, matched to a genome, looked at, and read stretch by stretch.

What its reads become is in ``rna`` (aligned blocks) and ``atac`` (fragments). Coordinates are 0-based half-open.
"""

import re
import shlex
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pysam

from presage.errors import UserError
from presage.sequence.reference.contigs import ContigMap, match_contigs
from presage.sequence.reference.stretches import Stretch, cut

_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
PAIRED, PROPER, _UNMAPPED, REVERSE = 0x1, 0x2, 0x4, 0x10
READ1, _SECONDARY, _QC_FAIL, DUPLICATE, _SUPPLEMENTARY = 0x40, 0x100, 0x200, 0x400, 0x800
_LAST_BIN = 37_450  # of a .bai; the one that holds statistics
_PEEK_PLACES, _PEEK_READS = 40, 1_000  # where a file is looked at before it is read, and reads at each place
_THREADS = 1  # of htslib: the jobs of a run share the cores already


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
        for index in (Path(f"{path}.bai"), self.path.with_suffix(".bai")):
            if index.exists() and not _is_whole_index(index):
                raise UserError(index, "is damaged or truncated", _how_to_index(path))
        with _quiet(), _read_errors(self.path):
            self._file = pysam.AlignmentFile(str(path), "rb", threads=_THREADS)
            self.lengths = dict(zip(self._file.references, self._file.lengths))
        if not self._file.has_index():
            raise UserError(path, "has no index", _how_to_index(path))
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
                    barcode, umi = from_name(pattern, read) if pattern else from_tags(read, rules)
                    seen[barcode or ""] += 1
                    umis += umi is not None
                    xf += read.has_tag("xf")
        bare = seen.pop("", 0)
        return Peek(reads, reads - bare, umis, xf, sorted(seen))


NEVER = _UNMAPPED | _SECONDARY | _SUPPLEMENTARY | _QC_FAIL


def reason_of(bits: int) -> str:
    """Why an alignment with these of the flags ``NEVER`` is not used; with none of them its quality was low."""
    for flag, reason in (
        (_UNMAPPED, "unmapped"),
        (_SECONDARY, "secondary"),
        (_SUPPLEMENTARY, "supplementary"),
        (_QC_FAIL, "qc_fail"),
    ):
        if bits & flag:
            return reason
    return "low_mapq"


def from_tags(read: pysam.AlignedSegment, rules: Rules) -> tuple[str | None, str | None]:
    """Barcode and UMI by their tags; None where a read has none."""
    barcode = str(read.get_tag(rules.barcode_tag)) if read.has_tag(rules.barcode_tag) else None
    return barcode, str(read.get_tag(rules.umi_tag)) if read.has_tag(rules.umi_tag) else None


def from_name(pattern: re.Pattern[str], read: pysam.AlignedSegment) -> tuple[str | None, str | None]:
    """Barcode and UMI from the read's name; None where it does not fit the pattern, or the pattern names no UMI."""
    match = pattern.search(read.query_name or "")
    groups = match.groupdict() if match else {}
    return groups.get("barcode"), groups.get("umi")


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


def _how_to_index(path: str | Path) -> str:
    """Without samtools, which is not installed with presage; a path is never part of the program's text."""
    file = shlex.quote(str(path))
    program = "import pysam, sys; pysam.index(sys.argv[1])"
    return f'run `.venv/bin/python -c "{program}" {file}`, or `samtools index {file}` where that is installed'


def _is_whole_index(path: Path) -> bool:
    """Whether a .bai has the parts that it announces, and bins that exist.

    Where not, htslib frees what it never had, or looks for reads without end.
    """
    data = path.read_bytes()
    try:
        (magic, contigs), at = struct.unpack_from("<4si", data), 8
        for _ in range(contigs):
            (bins,), at = struct.unpack_from("<i", data, at), at + 4
            for _ in range(bins):
                number, chunks = struct.unpack_from("<II", data, at)
                if number > _LAST_BIN:
                    return False
                at += 8 + 16 * chunks
            (places,) = struct.unpack_from("<I", data, at)
            at += 4 + 8 * places
    except struct.error:
        return False
    return magic == b"BAI\1" and at in (len(data), len(data) - 8)


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Tell htslib's failures as :class:`UserError`."""
    try:
        yield
    except (OSError, ValueError, NotImplementedError) as error:
        raise UserError(path, f"is truncated, corrupt or no BAM ({error})", "copy or make it again") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """htslib writes warnings straight to stderr; what matters of them is checked here."""
    before = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(before)
