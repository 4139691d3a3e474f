"""Tables with a header (TSV, or CSV by the file's name): columns chrom pos ref alt, and id, in any order and case.

``pos`` is 1-based and indels keep an anchor base, as in VCF. Further columns are never looked at.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from presage.errors import UserError
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.text import named, numbered, position, spelled

ALLELE = ("chrom", "pos", "ref", "alt")


def read_table(path: str | Path) -> Iterator[Site]:
    """Stream the alleles of a table (plain or gzip); several in ``alt``, with commas between them, are split.

    Raises :class:`UserError` naming the line when the file is missing, damaged or lacks a column or a value.
    """
    for record, (line, row) in enumerate(read_rows(path, ALLELE, ("id",)), 1):
        for alt in row["alt"].split(","):
            yield site_of(path, line, row, alt, record)


def read_rows(
    path: str | Path, needed: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, column -> trimmed text) of each row that is not blank; lines before the header may begin with ##.

    Raises :class:`UserError` where the header lacks a ``needed`` column or has one twice, or a row is too short.
    """
    comma = ".csv" in Path(path).name.lower()
    rows = csv.reader((line for _, line in numbered(path)), delimiter="," if comma else "\t")
    places: dict[str, int] | None = None
    try:
        for cells in rows:
            if not any(cells) or (places is None and cells[0].startswith("##")):
                continue
            if places is None:
                places = _header(path, cells, needed, optional, "commas" if comma else "tabs")
            elif len(cells) <= max(places.values()):
                raise UserError(f"{path} line {rows.line_num}", "has fewer columns than the header", "repair the line")
            else:
                yield rows.line_num, {name: cells[at].strip() for name, at in places.items()}
    except csv.Error as error:
        raise UserError(f"{path} line {rows.line_num}", f"cannot be read as a table ({error})", "repair it") from None
    if places is None:
        raise UserError(path, "has no header", f"begin it with a line that names {', '.join(needed)}")


def _header(
    path: str | Path, cells: Sequence[str], needed: Sequence[str], optional: Sequence[str], between: str
) -> dict[str, int]:
    names = [cell.strip().lstrip("#").lower() for cell in cells]
    for name in needed:
        if name not in names:
            todo = f"its header must name {', '.join(needed)}, with {between} between them"
            raise UserError(path, f"has no column {name}", todo)
    for name in (*needed, *optional):
        if names.count(name) > 1:
            raise UserError(path, f"has two columns {name}", "rename one")
    return {name: names.index(name) for name in (*needed, *optional) if name in names}


def site_of(path: str | Path, line: int, row: dict[str, str], alt: str, record: int) -> Site:
    """One allele of a row. Raises :class:`UserError` naming the line where ``pos`` is no integer."""
    pos = position(row["pos"])
    if pos is None:
        raise UserError(f"{path} line {line}", "pos is no integer", "give 1-based positions")
    return Site(row["chrom"], pos, row["ref"].upper(), spelled(alt.strip()), record, named(row.get("id", "")))
