"""Rows of the ``evaluation`` table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from presage import tables


def row(
    metric: str, detector: str, value: float, ci: tuple[float, float] = (np.nan, np.nan), **rest: Any
) -> dict[str, Any]:
    """One row of the ``evaluation`` table; numbers that are not finite become null, with ``note`` saying why."""
    numbers = {k: float(v) if np.isfinite(v) else None for k, v in zip(("value", "ci_low", "ci_high"), (value, *ci))}
    out = {"metric": metric, "detector": detector, "group": "all", "budget": None, "n": 0, "unit": "1", "note": None}
    return {**out, **numbers, "simulated": False, **rest}


def frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table."""
    data = pd.DataFrame(rows, columns=tables.SCHEMAS["evaluation"].names)
    return data.astype({"budget": float, "value": float, "ci_low": float, "ci_high": float})
