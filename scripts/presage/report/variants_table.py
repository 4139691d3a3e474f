"""The table of the strongest variants, one row each: what a person sorts, copies and looks up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from presage.report.naming import short
from presage.report.render import interval, number
from presage.report.variant_rows import ALPHA, SURE
from presage.sequence.variants.vcf import strongest

MINUS = "\N{MINUS SIGN}"


@dataclass
class Row:
    """A variant as the page shows it; ``cells`` are (text, sort key) pairs in the order of the columns.

    ``bar``: its effect as a share of the largest, -1 to 1. ``doubt``: why not to rely on it, empty if nothing says so.
    """

    rank: int
    variant: str
    name: str
    fold: str
    bar: float
    doubt: str
    cells: dict[str, tuple[str, str]]


def top_rows(top: pd.DataFrame, tracks: int, labels: dict[str, str], genes: dict[str, str]) -> list[Row]:
    """From the rows of the strongest variants (``tracks`` each, as of :class:`~presage.report.variant_rows.Overview`).

    ``labels``: what a slug is called; ``genes``: symbol of a gene's id. Columns that no variant has are left out.
    """
    best = strongest(top, tracks) if len(top) else top
    largest = float(best["log_fc"].abs().max()) if len(best) else 0.0
    optional = {name for name in ("p_null", "percentile", "conformal_low") if len(best) and best[name].notna().any()}
    rows = []
    for record in best.to_dict("records"):
        effect = float(record["log_fc"])
        cells = {
            "nearest gene": _text(genes.get(record["gene"], record["gene"])),
            "from its start, bp": (signed(record["tss_distance"]), _key(record["tss_distance"])),
            "strongest track": _text(labels[record["track"]]),
            "on top": (f"{100 * record['top_share']:.0f} %", _key(record["top_share"])),
            "log2 fold change": (plus_minus(effect, record["log_fc_sd"]), _key(effect)),
            "sign agreement": (f"{100 * record['sign_agreement']:.0f} %", _key(record["sign_agreement"])),
        }
        if "p_null" in optional:
            cells["p"] = (number(record["p_null"], 2), _key(record["p_null"]))
        if "percentile" in optional:
            share = record["percentile"]
            cells["percentile"] = ("–" if pd.isna(share) else number(100 * share, 3), _key(share))
        if "conformal_low" in optional:
            cells["interval"] = (
                interval(record["conformal_low"], record["conformal_high"]).replace("-", MINUS),
                _key(record["conformal_low"]),
            )
        rows.append(
            Row(
                int(record["rank"]),
                record["variant"],
                short(record["variant"], 34),
                record["fold"],
                effect / largest if largest else 0.0,
                doubt(record),
                cells,
            )
        )
    return rows


def doubt(record: dict[Any, Any]) -> str:
    """Why not to rely on an effect (a row of the `scores` table); empty where nothing speaks against it."""
    reasons = []
    if record["sign_agreement"] < SURE:
        reasons.append("models, strands and shifts differ in its sign")
    if pd.notna(record["p_null"]) and record["p_null"] > ALPHA:
        reasons.append("null variants are often as strong")
    return " and ".join(reasons)


def plus_minus(value: float, sd: float | None) -> str:
    """An effect with its SD, where it has one."""
    text = f"{value:+.2f}" if abs(value) >= 0.1 or not value else f"{value:+.2g}"
    return (text if pd.isna(sd) else f"{text} ± {sd:.2f}" if sd >= 0.1 else f"{text} ± {sd:.2g}").replace("-", MINUS)


def signed(distance: float | None) -> str:
    """A distance in bp with its direction: + is downstream."""
    return "–" if pd.isna(distance) else f"{int(distance):+,}".replace("-", MINUS)


def _text(value: Any) -> tuple[str, str]:
    known = "" if value is None or pd.isna(value) else str(value)
    return known or "–", known


def _key(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(np.float64(value))
