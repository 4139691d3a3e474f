"""Tables of variants: tab-separated (or .csv) with a header that names the columns chrom, pos, ref and alt."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from presage.errors import UserError
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.vcf import open_text

COLUMNS = ("chrom", "pos", "ref", "alt")
_ALSO = {"#chrom": "chrom", "chr": "chrom", "chromosome": "chrom", "position": "pos"}  # other names of the same column


def read_table(path: str | Path) -> Iterator[Site]:
    """Stream the alleles of a table; ``pos`` is 1-based as in a VCF, ``alt`` may hold several, split by commas.

    Raises :class:`UserError` naming the column that is missing, or the line that is no variant.
    """
    yield from (site for site, _ in read_rows(path))


def read_rows(path: str | Path) -> Iterator[tuple[Site, dict[str, str]]]:
    """As :func:`read_table`, each with its whole row by lower-case column names."""
    number = 0
    try:
        with open_text(path) as lines:
            rows = csv.reader(lines, delimiter="," if ".csv" in Path(path).suffixes else "\t")
            header = next(rows, None)
            if not header:
                raise UserError(path, "is empty", f"give a table with the columns {', '.join(COLUMNS)}")
            names = [_ALSO.get(name.strip().lower(), name.strip().lower()) for name in header]
            missing = [name for name in COLUMNS if name not in names]
            if missing:
                raise UserError(
                    path, f"has no column {missing[0]} (it has {', '.join(header)})", "name it in the header"
                )
            for number, fields in enumerate(rows, 2):
                if not fields:
                    continue
                row = dict(zip(names, (field.strip() for field in fields)))
                if len(fields) != len(names) or not row["pos"].isdigit():
                    what = f"has {len(fields)} fields for {len(names)} columns, or a pos that is no number"
                    raise UserError(f"{path} line {number}", what, "repair the row")
                for alt in row["alt"].split(","):
                    letters = alt if "<" in alt else alt.upper()
                    yield Site(row["chrom"], int(row["pos"]) - 1, row["ref"].upper(), letters, number - 1), row
    except FileNotFoundError:
        raise UserError(path, "does not exist", "correct the path of the variant set") from None
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise UserError(path, f"cannot be read after line {number} ({error})", "the file may be truncated") from None
