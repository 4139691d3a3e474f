"""VCF: the first five columns of each record."""

from collections.abc import Iterator
from pathlib import Path

from presage.errors import UserError
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.text import named, numbered, position, spelled


def read_vcf(path: str | Path) -> Iterator[Site]:
    """Stream the ALT alleles of a VCF (plain, gzip or bgzip), multi-allelic records split.

    Raises :class:`UserError` naming the line when the file is missing, truncated or not a VCF.
    """
    record = 0
    for number, line in numbered(path):
        if number == 1 and not line.startswith("##fileformat=VCF"):
            raise UserError(path, "is not a VCF (its first line is not ##fileformat=VCF...)", "give a VCF")
        if line.startswith("#") or not line.strip():
            continue
        record += 1
        fields = line.rstrip("\r\n").split("\t", 5)[:5]
        pos = position(fields[1]) if len(fields) == 5 else None
        if pos is None:
            raise UserError(f"{path} line {number}", "is not a VCF record (CHROM POS ID REF ALT)", "repair the file")
        chrom, _, name, ref, alts = fields
        for alt in alts.split(","):
            yield Site(chrom, pos, ref.upper(), spelled(alt), record, named(name))
