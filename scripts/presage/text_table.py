"""Tables of text from outside (TSV, CSV, gzip by the name's ending), read by pandas with its traps closed.

pandas' own reading of floats is wrong in the last digit of every sixth, and for an exponent such as 1e2147483648 it
reads outside its memory and dies. Nothing else in the library calls ``pandas.read_csv`` or ``pandas.to_numeric``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from presage.errors import UserError, damaged


def read(path: str | Path, sep: str = "\t", empty: Sequence[str] = ()) -> pd.DataFrame:
    """Every cell as text; those that are one of ``empty`` are missing.

    Raises :class:`UserError` for a file that is no table, and for rows with more cells than the header has: of such a
    file pandas makes the first column an index, and every name moves by one column.
    """
    with damaged(path, "give a table with a header", "cannot be read as a table"):
        frame = read_csv(path, sep=sep, dtype=str, keep_default_na=False, na_values=list(empty))
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(path, "has rows with more cells than the header", "remove the surplus tabs or commas")
    return frame


def read_csv(path: str | Path, engine: Literal["c", "pyarrow"] = "c", **options: Any) -> pd.DataFrame:
    """``pandas.read_csv`` with floats read exactly. ``engine``: "c", or "pyarrow", which is faster and refuses rows of
    unequal length. Raises what pandas raises."""
    if engine == "c":
        options["float_precision"] = "round_trip"
    frame: pd.DataFrame = pd.read_csv(path, engine=engine, **options)  # noqa: TID251
    return frame


def numbers(text: pd.Series) -> pd.Series:
    """Float64 of a column of text; NaN for what is no number, or one far beyond float64."""
    beyond = text.astype("string").str.contains(r"e[+-]?\d{5}", case=False, regex=True, na=False)
    return pd.to_numeric(text.mask(beyond), errors="coerce").astype(float)  # noqa: TID251
