"""HTML from templates: every value escaped, every page complete in itself (no network, no other file needed)."""

import base64
import math
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

_ENV = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_MIME = {".svg": "image/svg+xml", ".png": "image/png"}


def number(value: Any, digits: int = 3) -> str:
    """A number for people: whole numbers with thin groups, others to ``digits`` significant digits, a dash for nothing.

    >>> number(1234567), number(0.123456), number(None), number(True)
    ('1,234,567', '0.123', '–', 'yes')
    """
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not isinstance(value, Real):
        return str(value)
    if isinstance(value, Integral):
        return f"{int(value):,}"
    value = float(value) + 0.0  # no minus zero
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < 1e15 and (value.is_integer() or abs(value) >= 1000):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{value:.1e}" if "e" in text else text


def moment(when: pd.Timestamp) -> str:
    """A time for people, in the zone that it is given in.

    >>> moment(pd.Timestamp("2026-07-01 08:05", tz="Europe/Berlin")), moment(pd.Timestamp("2026-07-01 06:05", tz="UTC"))
    ('2026-07-01 08:05 CEST', '2026-07-01 06:05 UTC')
    """
    return f"{when:%Y-%m-%d %H:%M %Z}"


def interval(low: Any, high: Any) -> str:
    """A 95 % interval for people, empty where there is none."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return f"{number(low)} to {number(high)}"


def data_uri(path: Path) -> str:
    """A picture file as a ``data:`` address."""
    return inline(path.read_bytes(), path.suffix)


def inline(picture: bytes, suffix: str) -> str:
    """A picture as a ``data:`` address; ``suffix`` .svg or .png."""
    return f"data:{_MIME[suffix]};base64,{base64.b64encode(picture).decode()}"


def render(template: str, **values: Any) -> str:
    """The page ``templates/<template>`` with ``values``."""
    return _ENV.get_template(template).render(**values)


_ENV.filters.update(number=number, moment=moment)
