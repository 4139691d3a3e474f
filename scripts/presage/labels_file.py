"""The header of a labels file: read before any job, and what is wrong with it, told all at once.

Light on purpose (standard library only): the Snakefile asks. An h5ad or a zarr store is not opened here; its job does.
"""

import csv
import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

from presage.errors import UserError

BARCODE, CELL_TYPE, SAMPLE = "barcode", "cell_type", "sample"
COLUMNS = (BARCODE, CELL_TYPE, "donor", "condition", "tissue")
_KEY = "sequence.pseudobulk.label_column"
_MARKS = {",": "commas", ";": "semicolons", " ": "spaces"}
_LONGEST = 100_000  # of a header; what has none (a BAM, a matrix) is not read to its end


def header(path: str | Path) -> list[str]:
    """Columns of a labels file of text, plain or gzip; empty where it is none or unreadable: its job tells."""
    opened = gzip.open if str(path).endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            return next(csv.reader([file.readline(_LONGEST)], delimiter="\t"), [])
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error):
        return []


def check_columns(path: str | Path, columns: Sequence[str], label_column: str) -> None:
    """Raise :class:`UserError` where ``columns`` lack ``barcode``, or both ``label_column`` and ``cell_type``.

    A header that other marks than tabs separate is read by these, so that one message says all that is to be done.
    """
    missing = _missing(columns, label_column)
    if not missing:
        return
    mark = next((mark for mark in _MARKS if len(columns) == 1 and mark in columns[0]), None)
    names = [name.strip(" \"'") for name in columns[0].split(mark)] if mark else columns
    todo = [f"separate the columns with tabs, not {_MARKS[mark]}"] if mark else []
    still = _missing(names, label_column)
    if BARCODE in still:
        todo.append(f"name the column of barcodes {BARCODE}")
    if label_column in still:
        # Without a column barcode nobody knows which one holds barcodes, and that must not be offered.
        others = [name for name in names if name and name not in (*COLUMNS, SAMPLE)] if BARCODE in names else []
        offered = f" (one of {', '.join(others)})" if others else ""
        todo.append(f"name the column of cell types {CELL_TYPE}, or set {_KEY} to its name{offered}")
    lacking = " and no column ".join(map(repr, missing))
    there = ", ".join(map(repr, columns[:6])) + (" ..." if len(columns) > 6 else "")
    raise UserError(path, f"has no column {lacking} (there: {there})", ", ".join(todo))


def _missing(columns: Sequence[str], label_column: str) -> list[str]:
    labelled = label_column in columns or CELL_TYPE in columns
    return [*([] if BARCODE in columns else [BARCODE]), *([] if labelled else [label_column])]
