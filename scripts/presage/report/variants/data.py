"""What a set's page carries for its table: the rows of the strongest variants, packed into text for the page's script.

Numbers keep all of their digits, so that what the page exports is what the file holds. Compressed decimal text takes as
little room as compressed float64, and any browser reads it.
"""

import base64
import gzip
import json
import math
from typing import Any, NamedTuple

import pandas as pd

from presage.report.variants.rows import ALPHA, SURE, Overview
from presage.sequence.reference.folds import FOLDS, OUTSIDE

ROOM = 3_000_000  # characters of the packed table; figures and tracks need the rest of a page's 5 MB
SITE = ["variant", "id", "chrom", "pos", "ref", "alt", "fold", "gene", "tss_distance"]
EFFECT = ["log_fc", "log_fc_sd", "sign_agreement", "top_share", "p_null", "percentile"]
EFFECT += ["conformal_low", "conformal_high", "main_strand"]


class Listed(NamedTuple):
    """The packed table, and how many variants it holds."""

    text: str
    variants: int


def listed(seen: Overview, tracks: pd.DataFrame, genes: dict[str, str], simulated: bool | None) -> Listed:
    """The strongest variants with all of their tracks, as many as :data:`ROOM` has room for.

    ``tracks``: columns ``slug cell_type assay strand``; ``genes``: symbol of a gene's id.
    """
    count = len(seen.top) // max(1, len(seen.tracks))
    while True:
        text = pack(table_data(seen, count, tracks, genes, simulated))
        if len(text) <= ROOM or count <= 1:
            return Listed(text, count)
        count = max(1, int(0.98 * count * ROOM / len(text)))


def table_data(
    seen: Overview, count: int, tracks: pd.DataFrame, genes: dict[str, str], simulated: bool | None
) -> dict[str, Any]:
    """``tracks``: one object each; ``sites``: columns with a value for each variant, strongest first; ``effects``:
    columns with a value for each variant and track, those of a variant together, in the order of ``tracks``. A column
    of ``effects`` that holds no value is left out.
    """
    order = seen.tracks["track"].tolist()
    rows = seen.top[seen.top["rank"] <= count]
    first = rows.iloc[:: max(1, len(order))]
    sites = {name: plain(first[name]) for name in SITE}
    return {
        "tracks": tracks.set_index("slug", drop=False).loc[order].to_dict("records"),
        "sites": {**sites, "symbol": [genes.get(gene, gene) for gene in sites["gene"]]},
        "effects": {name: plain(rows[name]) for name in EFFECT if rows[name].notna().any()},
        "folds": [fold for fold in (*FOLDS, OUTSIDE) if fold in seen.folds],
        "alpha": ALPHA,
        "sure": SURE,
        "simulated": simulated,
    }


def plain(values: pd.Series) -> list[Any]:
    """Values for JSON: what is missing or infinite becomes None."""
    known = values.notna() & ~values.isin([math.inf, -math.inf])
    return [value if there else None for value, there in zip(values.tolist(), known)]


def pack(data: Any) -> str:
    """JSON, compressed, as base64. Equal data give equal text."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def unpack(text: str) -> Any:
    """What :func:`pack` was given."""
    return json.loads(gzip.decompress(base64.b64decode(text)))
