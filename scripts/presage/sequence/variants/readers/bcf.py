"""BCF, through htslib, with every sample left out before a record is read."""

from collections.abc import Iterator
from pathlib import Path

import pysam

from presage.errors import UserError
from presage.sequence.variants.alleles import Site


def read_bcf(path: str | Path) -> Iterator[Site]:
    """Stream the ALT alleles of a BCF, multi-allelic records split.

    Raises :class:`UserError` when the file is missing, truncated or no BCF.
    """
    if not Path(path).exists():
        raise UserError(path, "does not exist", "correct the path of the variant set")
    record, quiet = 0, pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(path), drop_samples=True) as file:
            for record, row in enumerate(file, 1):
                for alt in row.alts or (".",):
                    yield Site(row.chrom, row.start, (row.ref or "N").upper(), _letters(alt), record)
    except (OSError, ValueError) as error:
        where = f"cannot be read after record {record} ({error})"
        raise UserError(path, where, "give a whole BCF, or a VCF") from None
    finally:
        pysam.set_verbosity(quiet)


def _letters(alt: str) -> str:
    return alt if "<" in alt else alt.upper()
