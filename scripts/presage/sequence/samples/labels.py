"""Cell labels: barcode to cell type, from a TSV or the obs of an h5ad, and the numbers that barcodes get.

Which barcode of the reads a label means is settled in two steps: the barcode rule of the sheet or the config takes the
sample's name off (:func:`read_labels`), and :func:`match_barcodes` settles the suffix that pipelines add (``-1``).
"""

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from presage import text_table
from presage.barcode_rule import PLAIN, barcode_of, spelled
from presage.errors import UserError
from presage.labels_file import COLUMNS, check_columns
from presage.sequence.samples.h5ad import is_h5ad, read_obs

OF_OTHERS = "of_other_samples"
"""Key of a labels frame's ``attrs``: rows of the file that are other samples', by their sample column or spelling."""
_SUFFIX = re.compile(r"-\d+$")


def read_labels(path: str | Path, label_column: str, sample: str, rule: str = PLAIN, donor: str = "") -> pd.DataFrame:
    """Labels of one sample: barcode, cell_type (None where empty), donor, condition, tissue where the file has them.

    A TSV needs a header with ``barcode`` and ``label_column``; an h5ad (or zarr store) needs ``label_column`` in obs,
    its barcodes are ``obs['barcode']`` or else the obs names. A file without ``label_column`` is read by its column
    ``cell_type``, as the clustering writes it. Where the file has a column ``sample`` only this sample's rows are used,
    and of these only those whose barcode fits ``rule`` (see :mod:`presage.barcode_rule`; ``donor`` fills its
    ``{donor}``). How many rows are other samples' is in ``attrs[OF_OTHERS]``.

    Raises :class:`UserError` where the file cannot be used, or no row is this sample's.
    """
    path = Path(path)
    frame = _from_h5ad(path) if is_h5ad(path) else text_table.read(path, empty=["", "NA", "nan"])
    check_columns(path, list(frame.columns), label_column)
    column = label_column if label_column in frame else "cell_type"
    if column != "cell_type":
        frame = frame.drop(columns="cell_type", errors="ignore").rename(columns={column: "cell_type"})
    rows = len(frame)
    if not rows:
        raise UserError(path, "has no rows", "label at least one cell")
    if "sample" in frame:
        frame = frame[frame["sample"].astype(str) == sample]
        if frame.empty:
            raise UserError(path, f"has no row with sample {sample}", "correct the sample column")
    missing = (frame["barcode"].isna() | (frame["barcode"] == "")).to_numpy()
    if missing.any():
        row = int(frame.index.to_numpy()[np.argmax(missing)]) + 2
        raise UserError(f"{path} row {row}", "has no barcode", "fill it in")
    frame = _of_sample(path, frame, rule, sample, donor)
    frame = frame[[name for name in COLUMNS if name in frame]].astype(object).reset_index(drop=True)
    frame = frame.where(frame.notna() & (frame != ""), None)
    twice = frame["barcode"].duplicated()
    if twice.any():
        raise UserError(
            path,
            f"barcode {frame['barcode'][twice].iloc[0]} occurs twice",
            "keep one, add a sample column, or set the sheet's barcodes column",
        )
    frame.attrs[OF_OTHERS] = rows - len(frame)
    return frame


def _of_sample(path: Path, frame: pd.DataFrame, rule: str, sample: str, donor: str) -> pd.DataFrame:
    """The rows whose barcode fits the rule, with what the rule leaves of it."""
    if rule == PLAIN:
        return frame
    found = [barcode_of(str(label), rule, sample, donor) for label in frame["barcode"]]
    fits = np.array([barcode is not None for barcode in found], dtype=bool)
    if not fits.any():
        example, wanted = frame["barcode"].iloc[0], spelled("BARCODE", rule, sample, donor)
        raise UserError(
            path,
            f"no barcode of it fits {rule!r} for sample {sample}: it spells {example}, not {wanted}",
            "correct the sheet's barcodes column or pseudobulk.barcodes",
        )
    return frame.assign(barcode=np.array(found, dtype=object))[fits]


def h5ad_barcodes(path: str | Path, sample: str, rule: str = PLAIN, donor: str = "") -> np.ndarray:
    """Barcode of each cell of an h5ad, spelled as :func:`read_labels` leaves those of its labels: object [cells].

    A cell that is another sample's, by the obs column ``sample`` or the rule, keeps its obs name. Raises
    :class:`UserError` where a barcode occurs twice.
    """
    obs = read_obs(path)
    names = obs.index.astype(str).to_numpy(dtype=object)
    own = obs["barcode"].astype(str).to_numpy(dtype=object) if "barcode" in obs else names
    mine = (obs["sample"].astype(str) == sample).to_numpy() if "sample" in obs else np.ones(len(obs), dtype=bool)
    found = [barcode_of(label, rule, sample, donor) if here else None for label, here in zip(own, mine)]
    barcodes = np.array([name if b is None else b for b, name in zip(found, names)], dtype=object)
    twice = pd.Series(barcodes).duplicated()
    if twice.any():
        raise UserError(path, f"barcode {barcodes[np.argmax(twice)]} occurs twice", "make the obs names unique")
    return barcodes


def check_cell_types(where: str | Path, labels: pd.DataFrame, allowed: Sequence[str]) -> None:
    """Refuse a label that is not in ``allowed`` (empty: all are). Raises :class:`UserError`."""
    unknown = [name for name in labels["cell_type"].dropna().unique() if allowed and name not in allowed]
    if unknown:
        raise UserError(where, f"unknown cell type {unknown[0]!r}", "correct it, or add it to pseudobulk.cell_types")


def match_barcodes(labels: Sequence[str], seen: Iterable[str]) -> dict[str, str]:
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


def matching(labels: Collection[str], seen: Collection[str]) -> dict[str, int]:
    """How labels and reads meet. Both are distinct barcodes as the reads spell them.

    ``labels``; of these ``labels_seen`` in the reads and ``labels_absent`` from them; ``barcodes_seen`` in the reads;
    of these ``barcodes_labelled`` and ``barcodes_not_labelled``.
    """
    named, there = set(labels), set(seen)
    both = len(named & there)
    return {
        "labels": len(named),
        "labels_seen": both,
        "labels_absent": len(named) - both,
        "barcodes_seen": len(there),
        "barcodes_labelled": both,
        "barcodes_not_labelled": len(there) - both,
    }


def check_matched(where: str | Path, labels: Collection[str], seen: Collection[str], least: float) -> None:
    """Refuse labels of which less than the share ``least`` occurs in the reads (distinct barcodes, as in the reads).

    Raises :class:`UserError` with an example of either spelling.
    """
    numbers = matching(labels, seen)
    if not len(labels) or numbers["labels_seen"] >= least * numbers["labels"]:
        return
    absent, others = sorted(set(labels) - set(seen)), sorted(set(seen) - set(labels))
    example = f"labels spell {absent[0]}, reads {others[0]}" if others else "the reads have no barcode"
    raise UserError(
        where,
        f"{numbers['labels_seen']} of {numbers['labels']} labelled barcodes occur in the reads ({example})",
        "give its own labels, or say in the sheet's barcodes column how they are spelled, e.g. {sample}_{barcode}",
    )


def _from_h5ad(path: Path) -> pd.DataFrame:
    obs = read_obs(path)
    frame = pd.DataFrame({name: obs[name].astype(object).to_numpy() for name in obs.columns})
    if "barcode" not in frame:
        frame["barcode"] = obs.index.astype(str)
    return frame.astype({"barcode": str})
