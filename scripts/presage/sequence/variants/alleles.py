"""One allele: as a file gives it, checked against the genome, and in its one normal form.

Each ALT allele that is given ends either as a :class:`Variant` or as a :class:`Dropped` with its reason, so
scored + dropped = given.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from presage.sequence.reference.genome import Genome, encode

_BASES = re.compile(r"[ACGT]+")

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
    "duplicate": "an earlier record is the same allele once both are normalised (of measurements: in the same track)",
    "in_set": "of a null set: the allele is one of the variants that it is the null for",
}


@dataclass(frozen=True)
class Variant:
    """One allele, checked against the genome, left-aligned and parsimonious (VCF style: indels keep one anchor base).

    ``name`` is ``chrom:pos:ref:alt`` as the file has it (1-based); ``chrom`` is the genome's own contig name, ``pos``
    the 0-based position of the first base of ``ref``; ``record`` counts the file's records from 1; ``id`` is what the
    file calls it (an rs number), empty where it has no name.
    """

    name: str
    chrom: str
    pos: int
    ref: str
    alt: str
    record: int
    id: str = ""

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
    id: str | None = None


class Site(NamedTuple):
    """One ALT allele as given: ``pos`` 0-based, bases in capitals, all else as in the file."""

    chrom: str
    pos: int
    ref: str
    alt: str
    record: int
    id: str = ""


def decode(codes: np.ndarray) -> str:
    """The sequence of uint8 ``codes`` ``[len]``, N for 4."""
    return np.frombuffer(b"ACGTN", np.uint8)[codes].tobytes().decode()


def resolve(site: Site, chrom: str | None, genome: Genome, max_length: int) -> Variant | Dropped:
    """Check one allele against the genome and normalise it.

    ``chrom`` is the genome's name of the site's contig (None: it has none), ``max_length`` the longest REF or ALT in
    bp that is kept.
    """
    reason = _refuse(site, chrom, genome, max_length)
    if chrom is None or reason:
        why = reason or "unknown_contig"
        return Dropped(chrom or site.chrom, site.pos, site.ref, site.alt, site.record, why, site.id or None)
    pos, ref, alt = normalise(chrom, site.pos, site.ref, site.alt, genome)
    name = f"{site.chrom}:{site.pos + 1}:{site.ref}:{site.alt}"
    return Variant(name, chrom, pos, ref, alt, site.record, site.id)


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
            base = decode(genome.codes(chrom, pos - 1, pos))  # N before the contig's start, too
            if base == "N":
                break
            pos, ref, alt = pos - 1, base + ref, base + alt
        ref, alt = ref[:-1], alt[:-1]
    shared = 0
    while shared < min(len(ref), len(alt)) - 1 and ref[shared] == alt[shared]:
        shared += 1
    return pos + shared, ref[shared:], alt[shared:]
