"""VCF, plain, gzip or bgzip: only the first five columns of a line are looked at."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from presage.errors import UserError
from presage.sequence.variants.alleles import Site

_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def read_vcf(path: str | Path) -> Iterator[Site]:
    """Stream the ALT alleles of a VCF (plain, gzip or bgzip), multi-allelic records split, nothing else parsed.

    Raises :class:`UserError` naming the line when the file is missing, truncated or not a VCF.
    """
    record = number = 0
    try:
        with open_text(path) as lines:
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


def open_text(path: str | Path) -> TextIO:
    """A text file, unzipped where need be. Raises ``EOFError`` where bgzip's closing block is missing."""
    with Path(path).open("rb") as raw:
        head = raw.read(18)
        zipped = head[:2] == b"\x1f\x8b"
        if head[12:14] == b"BC":  # bgzip: a cut between two blocks shows only in the missing last block
            raw.seek(-min(28, raw.seek(0, 2)), 2)
            if raw.read() != _BGZF_EOF:
                raise EOFError("the closing block of bgzip is missing")
    return gzip.open(path, "rt", encoding="utf-8") if zipped else Path(path).open(encoding="utf-8")
