"""A table of labelled variants, such as fine-mapped eQTLs with matched controls, joined to what was scored.

Columns: ``chrom pos ref alt`` (1-based, as in VCF), ``label`` (1 causal, 0 control); optional ``effect`` (signed: log2
ratio, beta or z), ``effect_allele`` (alt, ref, or the allele's letters: whose effect it is; alt without the column),
and ``track``, or ``cell_type`` and ``assay``, where the effect was measured.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.sequence.reference.contigs import map_contigs
from presage.sequence.variants.benchmark import Benchmark
from presage.sequence.variants.readers.table import ALLELE, read_rows, site_of

_OPTIONAL = ("effect", "effect_allele", "track", "cell_type", "assay")
_ALLELE, _WHERE = ["chrom", "pos", "ref", "alt"], ["track", "cell_type", "assay"]
NOT_SCORED, SWAPPED, TWICE = "not among the scored variants", "REF and ALT are swapped", "duplicate"
NO_TRACK = "in no track that is scored"


def read_labelled(path: str | Path) -> pd.DataFrame:
    """Columns ``chrom pos ref alt causal effect track cell_type assay``: ``pos`` 0-based, ``effect`` ALT over REF.

    Raises :class:`UserError` naming the line for a label that is neither 0 nor 1, an effect that is no number, and an
    effect allele that is none of the variant's; and for a table without rows.
    """
    rows = []
    for record, (line, row) in enumerate(read_rows(path, (*ALLELE, "label"), _OPTIONAL), 1):
        where = f"{path} line {line}"
        site = site_of(path, line, row, row["alt"], record)
        if row["label"] not in ("0", "1"):
            raise UserError(where, f"label is {row['label']!r}", "write 1 for causal, 0 for control")
        effect = _signed(where, row, site.ref, site.alt)
        asked = [row.get(name) or None for name in ("track", "cell_type", "assay")]
        rows.append((site.chrom, site.pos, site.ref, site.alt, row["label"] == "1", effect, *asked))
    if not rows:
        raise UserError(path, "has no variant", "give at least one row")
    columns = ["chrom", "pos", "ref", "alt", "causal", "effect", "track", "cell_type", "assay"]
    return pd.DataFrame(rows, columns=columns)


def _signed(where: str, row: Mapping[str, str], ref: str, alt: str) -> float:
    """The effect of ALT over REF; NaN where none is given."""
    text, allele = row.get("effect", ""), row.get("effect_allele", "").upper()
    if text in ("", "NA", "nan"):
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        raise UserError(where, f"effect {text!r} is no number", "give a number or leave it empty") from None
    if allele in ("", "ALT", alt):
        return value
    if allele in ("REF", ref):
        return -value
    raise UserError(where, f"effect_allele {allele!r} is neither REF {ref} nor ALT {alt}", "write alt or ref")


def join(labelled: pd.DataFrame, scores: pd.DataFrame) -> tuple[Benchmark, dict[str, int]]:
    """Labelled variants with what was predicted of them, and how many had to be left out by reason.

    ``scores``: the `scores` table. Where a row names a track, or a cell type or assay, only those tracks are read;
    ``score`` is the largest |log_fc| among them, ``predicted`` the log_fc of that track.
    """
    names = map_contigs(dict.fromkeys(labelled["chrom"]), dict.fromkeys(scores["chrom"])).names
    asked = labelled.assign(chrom=[names.get(chrom, chrom) for chrom in labelled["chrom"]])
    twice = asked.duplicated([*_ALLELE, *_WHERE])
    left_out = Counter({TWICE: int(twice.sum())})
    asked = asked[~twice].reset_index(drop=True)
    sites = pd.MultiIndex.from_frame(scores[_ALLELE].drop_duplicates())
    here = pd.MultiIndex.from_frame(asked[_ALLELE]).isin(sites)
    turned = pd.MultiIndex.from_frame(asked[["chrom", "pos", "alt", "ref"]]).isin(sites) & ~here
    left_out[SWAPPED], left_out[NOT_SCORED] = int(turned.sum()), int((~here & ~turned).sum())
    asked = asked[here]
    read = asked.reset_index(names="row").merge(scores, on=_ALLELE, suffixes=("", "_scored"))
    for column in _WHERE:
        read = read[read[column].isna() | (read[column] == read[f"{column}_scored"])]
    left_out[NO_TRACK] = len(asked) - read["row"].nunique()
    read = read.assign(score=read["log_fc"].abs()).sort_values(["row", "score"], kind="stable")
    best = read.drop_duplicates("row", keep="last").reset_index(drop=True)
    rows = best[["causal", "effect", "score", "fold"]].assign(
        predicted=best["log_fc"], distance=best["tss_distance"].astype("Float64").to_numpy(float, na_value=np.nan)
    )
    note = "score: largest |log_fc| over the tracks asked for"
    return Benchmark(rows, note), {why: n for why, n in left_out.items() if n}
