"""Tables of text from outside (TSV, CSV, gzip by the name's ending), read by pandas with its traps closed."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from presage.errors import UserError


def read(path: str | Path, sep: str = "\t", empty: Sequence[str] = ()) -> pd.DataFrame:
    """Every cell as text; those that are one of ``empty`` are missing.

    Raises :class:`UserError` for a file that is no table, and for rows with more cells than the header has: of such a
    file pandas makes the first column an index, and every name moves by one column.
    """
    try:
        frame = pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, na_values=list(empty))
    except FileNotFoundError:
        raise UserError(path, "does not exist", "correct the path") from None
    except Exception as error:  # the parser, its decompression and its text decoding raise many kinds
        raise UserError(path, f"cannot be read as a table ({error})", "give a TSV with a header") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(path, "has rows with more cells than the header", "remove the surplus tabs or commas")
    return frame
