"""Cell labels: barcode to cell type, from a TSV or the obs of an h5ad, and the numbers that barcodes get."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from presage.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

COLUMNS = ("barcode", "cell_type", "donor", "condition", "tissue")
_SUFFIX = re.compile(r"-\d+$")


def read_labels(path: str | Path, label_column: str, sample: str) -> pd.DataFrame:
    """Labels of one sample: barcode, cell_type (None where empty), donor, condition, tissue where the file has them.

    A TSV needs a header with ``barcode`` and ``label_column``; an h5ad needs ``label_column`` in obs, its barcodes are
    ``obs['barcode']`` or else the obs names. Where the file has a column ``sample`` only this sample's rows are used.
    """
    path = Path(path)
    frame = _from_h5ad(path) if path.suffix == ".h5ad" else _from_tsv(path)
    if label_column not in frame:
        raise UserError(
            path, f"has no column {label_column!r}", f"set label_column to one of {', '.join(frame.columns)}"
        )
    frame = frame.rename(columns={label_column: "cell_type"}) if label_column != "cell_type" else frame
    if "sample" in frame:
        frame = frame[frame["sample"].astype(str) == sample]
        if frame.empty:
            raise UserError(path, f"has no row with sample {sample}", "correct the sample column")
    frame = frame[[name for name in COLUMNS if name in frame]].astype(object).reset_index(drop=True)
    frame = frame.where(frame.notna() & (frame != ""), None)
    missing = frame["barcode"].isna()
    if missing.any():
        raise UserError(f"{path} row {int(np.argmax(missing)) + 2}", "has no barcode", "fill it in")
    twice = frame["barcode"].duplicated()
    if twice.any():
        raise UserError(
            path, f"barcode {frame['barcode'][twice].iloc[0]} occurs twice", "keep one, or add a sample column"
        )
    return frame


def check_cell_types(where: str | Path, labels: pd.DataFrame, allowed: Sequence[str]) -> None:
    """Refuse a label that is not in ``allowed`` (empty: all are). Raises :class:`UserError`."""
    unknown = [name for name in labels["cell_type"].dropna().unique() if allowed and name not in allowed]
    if unknown:
        raise UserError(where, f"unknown cell type {unknown[0]!r}", "correct it, or add it to pseudobulk.cell_types")


def match_barcodes(labels: Sequence[str], seen: Sequence[str]) -> dict[str, str]:
    """Which barcode of the reads each label means: label -> barcode as in the reads.

    The same, unless none of ``seen`` (barcodes at the start of the reads) is a label while without the suffix that
    pipelines add (``-1``) some are: then labels take the suffix that the reads have, where that is unambiguous.
    """
    there, named = set(seen), set(labels)
    bare: dict[str, list[str]] = {}
    for label in labels:
        bare.setdefault(_SUFFIX.sub("", label), []).append(label)
    suffixes = {barcode[len(_SUFFIX.sub("", barcode)) :] for barcode in there}
    if there & named or len(suffixes) != 1 or not any(_SUFFIX.sub("", barcode) in bare for barcode in there):
        return {label: label for label in labels}
    suffix = suffixes.pop()
    return {found[0]: stem + suffix for stem, found in bare.items() if len(found) == 1}


def _from_tsv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, na_values=["", "NA", "nan"])
    except (OSError, ValueError, EOFError) as error:
        raise UserError(path, f"cannot be read as a table ({error})", "give a TSV with a header") from None
    if "barcode" not in frame:
        raise UserError(path, "has no column 'barcode'", "give a TSV with a header: barcode and the cell type")
    return frame


def _from_h5ad(path: Path) -> pd.DataFrame:
    obs = read_h5ad(path, backed=True).obs
    frame = pd.DataFrame({name: obs[name].astype(object).to_numpy() for name in obs.columns})
    if "barcode" not in frame:
        frame["barcode"] = obs.index.astype(str)
    return frame.astype({"barcode": str})


def read_h5ad(path: str | Path, backed: bool = False) -> "AnnData":
    """Open an h5ad. Raises :class:`UserError` when it is none."""
    import anndata

    try:
        return anndata.read_h5ad(path, backed="r" if backed else None)
    except Exception as error:  # h5py and anndata raise many kinds for a broken file
        raise UserError(path, f"cannot be read as h5ad ({type(error).__name__}: {error})", "write it again") from None
