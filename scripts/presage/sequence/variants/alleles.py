"""Variants in, allele sequences out: reads a VCF's sites, checks and normalises every allele, builds REF and ALT
windows.

Only the first five columns of a VCF line are looked at: genotypes and sample names are never parsed. Each ALT allele
ends either as a :class:`Variant` or as a :class:`Dropped` with its reason, so scored + dropped = given.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from presage.errors import UserError
from presage.sequence.contigs import map_contigs
from presage.sequence.genome import Genome, encode

_BASES = re.compile(r"[ACGT]+")
_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")

# Every reason in the `dropped` table, with its meaning.
REASONS = {
    "no_alt": "the record has no ALT allele",
    "star": "ALT is '*': the allele is deleted by another record",
    "symbolic": "ALT is symbolic or a breakend, so it has no sequence",
    "alt_not_acgt": "ALT holds letters other than A, C, G, T",
    "same_as_ref": "ALT equals REF",
    "unknown_contig": "the contig is not in the genome, with or without 'chr'",
    "beyond_contig": "REF reaches past the contig's ends",
    "n_in_ref": "REF, or the genome there, holds letters other than A, C, G, T",
    "ref_mismatch": "REF differs from the genome",
    "too_long": "REF or ALT is longer than the configured limit or than a quarter of the model's window",
}


@dataclass(frozen=True)
class Variant:
    """One allele, checked against the genome, left-aligned and parsimonious (VCF style: indels keep one anchor base).

    ``name`` is ``chrom:pos:ref:alt`` as the file has it (1-based); ``chrom`` is the genome's own contig name, ``pos``
    the 0-based position of the first base of ``ref``; ``record`` counts the file's records from 1.
    """

    name: str
    chrom: str
    pos: int
    ref: str
    alt: str
    record: int

    @property
    def kind(self) -> str:
        """snv, mnv, insertion, deletion or delins."""
        if len(self.ref) == len(self.alt):
            return "snv" if len(self.ref) == 1 else "mnv"
        if len(self.ref) > 1 and len(self.alt) > 1:
            return "delins"
        return "insertion" if len(self.alt) > len(self.ref) else "deletion"

    @property
    def anchor(self) -> int:
        """Leading bases that REF and ALT share: 1 for an indel in VCF style, else 0."""
        return int(self.kind != "snv" and self.ref[0] == self.alt[0])


class Dropped(NamedTuple):
    """One allele that is not scored: a row of the `dropped` table (``pos`` 0-based)."""

    chrom: str
    pos: int
    ref: str
    alt: str
    record: int
    reason: str


class Site(NamedTuple):
    """One ALT allele as given: ``pos`` 0-based, letters as in the file."""

    chrom: str
    pos: int
    ref: str
    alt: str
    record: int


def decode(codes: np.ndarray) -> str:
    """The sequence of uint8 ``codes`` ``[len]``, N for 4."""
    return np.frombuffer(b"ACGTN", np.uint8)[codes].tobytes().decode()


def read_sites(path: str | Path) -> Iterator[Site]:
    """Stream the ALT alleles of a VCF (plain, gzip or bgzip), multi-allelic records split, nothing else parsed.

    Raises :class:`UserError` naming the line when the file is missing, truncated or not a VCF.
    """
    record = number = 0
    try:
        with _open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                if number == 1 and not line.startswith("##fileformat=VCF"):
                    raise UserError(path, "is not a VCF (its first line is not ##fileformat=VCF...)", "give a VCF")
                if line.startswith("#") or not line.strip():
                    continue
                record += 1
                fields = line.rstrip("\r\n").split("\t", 5)[:5]
                if len(fields) < 5 or not fields[1].isdigit():
                    raise UserError(
                        f"{path} line {number}", "is not a VCF record (CHROM POS ID REF ALT)", "repair the file"
                    )
                chrom, pos, _, ref, alts = fields
                for alt in alts.split(","):
                    yield Site(chrom, int(pos) - 1, ref.upper(), alt if "<" in alt else alt.upper(), record)
        if not number:
            raise UserError(path, "is empty", "give a VCF")
    except FileNotFoundError:
        raise UserError(path, "does not exist", "correct the path of the variant set") from None
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise UserError(path, f"cannot be read after line {number} ({error})", "the file may be truncated") from None


def _open_text(path: str | Path) -> TextIO:
    with Path(path).open("rb") as raw:
        head = raw.read(18)
        zipped = head[:2] == b"\x1f\x8b"
        if head[12:14] == b"BC":  # bgzip: a cut between two blocks shows only in the missing last block
            raw.seek(-min(28, raw.seek(0, 2)), 2)
            if raw.read() != _BGZF_EOF:
                raise EOFError("the closing block of bgzip is missing")
    return gzip.open(path, "rt", encoding="utf-8") if zipped else Path(path).open(encoding="utf-8")


def resolve(site: Site, chrom: str | None, genome: Genome, max_length: int) -> Variant | Dropped:
    """Check one allele against the genome and normalise it.

    ``chrom`` is the genome's name of the site's contig (None: it has none), ``max_length`` the longest REF or ALT in
    bp that is kept.
    """
    reason = _refuse(site, chrom, genome, max_length)
    if chrom is None or reason:
        return Dropped(chrom or site.chrom, site.pos, site.ref, site.alt, site.record, reason or "unknown_contig")
    pos, ref, alt = normalise(chrom, site.pos, site.ref, site.alt, genome)
    return Variant(f"{site.chrom}:{site.pos + 1}:{site.ref}:{site.alt}", chrom, pos, ref, alt, site.record)


def _refuse(site: Site, chrom: str | None, genome: Genome, max_length: int) -> str | None:
    """The reason why an allele cannot be scored, or None."""
    ref, alt = site.ref, site.alt
    if alt in (".", ""):
        return "no_alt"
    if alt == "*":
        return "star"
    if any(mark in alt for mark in "<>[]") or alt.startswith(".") or alt.endswith("."):
        return "symbolic"
    if chrom is None:
        return "unknown_contig"
    if site.pos < 0 or site.pos + len(ref) > genome.lengths[chrom]:
        return "beyond_contig"
    if not _BASES.fullmatch(ref):
        return "n_in_ref"
    if not _BASES.fullmatch(alt):
        return "alt_not_acgt"
    if max(len(ref), len(alt)) > max_length:
        return "too_long"
    truth = genome.codes(chrom, site.pos, site.pos + len(ref))
    if (truth == 4).any():
        return "n_in_ref"
    if (truth != encode(ref)).any():
        return "ref_mismatch"
    return "same_as_ref" if ref == alt else None


def normalise(chrom: str, pos: int, ref: str, alt: str, genome: Genome) -> tuple[int, str, str]:
    """Trim and left-align an allele: the unique ``(pos, ref, alt)`` of the same haplotype (Tan et al. 2015,
    Bioinformatics 31:2202).

    ``pos`` is 0-based. Shared last bases are cut while an allele would not become empty; an allele that would, is
    first extended by the base to its left. At the contig's start there is none, and the last shared base stays.
    """
    while ref[-1] == alt[-1]:
        if min(len(ref), len(alt)) == 1:
            base = decode(genome.codes(chrom, pos - 1, pos)) if pos > 0 else "N"
            if base == "N":
                break
            pos, ref, alt = pos - 1, base + ref, base + alt
        ref, alt = ref[:-1], alt[:-1]
    shared = 0
    while shared < min(len(ref), len(alt)) - 1 and ref[shared] == alt[shared]:
        shared += 1
    return pos + shared, ref[shared:], alt[shared:]


def read_variants(path: str | Path, genome: Genome, max_length: int) -> Iterator[Variant | Dropped]:
    """Stream the alleles of a VCF, each checked and normalised, in the file's order."""
    names: dict[str, str | None] = {}
    for site in read_sites(path):
        if site.chrom not in names:
            names[site.chrom] = map_contigs([site.chrom], genome.lengths).names.get(site.chrom)
        yield resolve(site, names[site.chrom], genome, max_length)


def check(path: str | Path, genome: Genome, max_length: int, max_mismatch: float = 0.5) -> Counter[str]:
    """One cheap pass over a VCF before the costly one: counts by reason, with ``scored`` for alleles that can be
    scored.

    Raises :class:`UserError` when no contig is known, or when REF differs from the genome in more than the share
    ``max_mismatch`` of the alleles whose REF could be compared: then the file belongs to another build.
    """
    counts: Counter[str] = Counter()
    first: Dropped | None = None
    contigs: Counter[str] = Counter()
    for item in read_variants(path, genome, max_length):
        if isinstance(item, Variant):
            counts["scored"] += 1
            continue
        counts[item.reason] += 1
        if item.reason == "unknown_contig":
            contigs[item.chrom] += 1
        if item.reason == "ref_mismatch" and first is None:
            first = item
    if counts["unknown_contig"] and counts["unknown_contig"] == counts.total():
        known = ", ".join(list(genome.lengths)[:3])
        raise UserError(
            path, f"no contig is in the genome ({', '.join(list(contigs)[:3])} against {known})", "use one build"
        )
    compared = counts["scored"] + counts["ref_mismatch"] + counts["same_as_ref"]
    if first and counts["ref_mismatch"] > max_mismatch * compared:
        truth = decode(genome.codes(first.chrom, first.pos, first.pos + len(first.ref)))
        what = (
            f"REF differs from the genome in {counts['ref_mismatch']} of {compared} alleles "
            f"(first: record {first.record}, {first.chrom}:{first.pos + 1} {first.ref}, genome {truth})"
        )
        raise UserError(path, what, "use the VCF and the FASTA of one build")
    return counts
