"""Tables of text from outside (TSV, CSV, gzip by the name's ending), read by pandas with its traps closed."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from presage.errors import UserError, damaged


def read(path: str | Path, sep: str = "\t", empty: Sequence[str] = ()) -> pd.DataFrame:
    """Every cell as text; those that are one of ``empty`` are missing.

    Raises :class:`UserError` for a file that is no table, and for rows with more cells than the header has: of such a
    file pandas makes the first column an index, and every name moves by one column.
    """
    with damaged(path, "give a table with a header", "cannot be read as a table"):
        frame = pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, na_values=list(empty))
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(path, "has rows with more cells than the header", "remove the surplus tabs or commas")
    return frame
