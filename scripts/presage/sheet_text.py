"""The text of a sheet as people save it: UTF-8 or UTF-16, any line ends, quoted cells, gzip; always tab-separated.

Spreadsheet programs write UTF-8 with a byte order mark, or UTF-16 ("Unicode text"); pipelines compress. All of these
are read as they are. Light on purpose (standard library only): the Snakefile reads sheets.
"""

import codecs
import csv
import gzip
import io
import zlib
from pathlib import Path

from presage.errors import UserError

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_HINT = "save it as tab-separated text (UTF-8)"


def lines(sheet: Path) -> list[tuple[int, list[str]]]:
    """Rows that are not blank, each with its number (as a spreadsheet counts, from 1) and its trimmed cells.

    The first one is the header, from whose end (and from the rows') surplus empty cells are removed.
    Raises :class:`UserError` where the file cannot be read as a table.
    """
    reader = csv.reader(io.StringIO(_text(Path(sheet)), newline=""), delimiter="\t", strict=True)
    rows = []
    try:
        for number, cells in enumerate(reader, start=1):
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                rows.append((number, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise UserError(sheet, f"cannot be read as a table ({error})", _HINT) from None
    return rows


def _text(sheet: Path) -> str:
    try:
        raw = sheet.read_bytes()
        if raw.startswith(_GZIP):
            raw = gzip.decompress(raw)
    except FileNotFoundError:
        raise UserError(
            sheet, "does not exist", f"correct the path in the config; it starts at {Path.cwd()}, or at --directory"
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(sheet, f"cannot be read ({error})", "give a readable file") from None
    if raw.startswith(_ZIP):
        raise UserError(sheet, "is a spreadsheet program's own file", _HINT)
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(sheet, f"cannot be read as text ({error})", _HINT) from None
    if "\0" in text:
        raise UserError(sheet, "cannot be read as text (it holds NUL bytes)", _HINT)
    return text
