"""Rows of the sample sheet: which labels each gets, and that no cell is in two of them."""

import os
from dataclasses import replace
from pathlib import Path

from presage import labels_file, sheets
from presage.barcode_rule import PLAIN, spelled
from presage.errors import UserError
from presage.sheets import CLUSTER, WHOLE, Sample


def is_clustered(row: Sample) -> bool:
    """Whether a row's cells are labelled by clustering: RNA whose labels say so, and a BAM without labels or type."""
    if row.kind not in ("bam", "h5ad"):
        return False
    return row.labels == CLUSTER or (row.kind == "bam" and not row.labels and not row.cell_type)


def with_labels(rows: list[Sample], clusters: str, sheet: str) -> list[Sample]:
    """Sample rows with every ``cluster`` and every inherited label in its place. ``clusters``: the clustering's file.

    ATAC without labels takes those of the RNA row with the same sample name (multiome), where that has some.
    Raises :class:`UserError` naming the ``sheet``'s sample where there are none.
    """
    # The clustering spells barcodes as the reads do, whatever rule the study's other labels follow.
    settled = [replace(r, labels=clusters, barcodes=PLAIN) if is_clustered(r) else r for r in rows]
    rna = {r.sample: r for r in settled if r.kind in ("bam", "h5ad")}
    return [_atac_labels(row, rna.get(row.sample), sheet) for row in settled]


def _atac_labels(row: Sample, rna: Sample | None, sheet: str) -> Sample:
    open_question = row.labels == CLUSTER or (not row.labels and not row.cell_type)
    if row.kind not in ("fragments", "bam_atac") or not open_question:
        return row
    labels = (rna.labels or (rna.path if rna.kind == "h5ad" and not rna.cell_type else "")) if rna else ""
    if rna is None or labels in ("", WHOLE):
        raise UserError(
            f"{sheet} sample {row.sample} ({row.kind})",
            "has no labels, and no RNA row of the same name has any",
            "set labels to a file, or to whole for one pseudobulk",
        )
    return replace(row, labels=labels, barcodes=row.barcodes or rna.barcodes)


def check_distinct(rows: list[Sample], clusters: str, rule: str, sheet: str) -> None:
    """No cell may be in two rows: as two donors it agrees with itself, and the noise ceiling is 1.

    ``rows`` as :func:`with_labels` leaves them; ``rule``: how labels spell barcodes where a row does not say. Rows may
    share a file where their labels say which cells are whose: by a file of their own, by how they spell the barcodes,
    or in a column ``sample``. Raises :class:`UserError`.
    """
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        key = row.kind, os.path.realpath(row.path), *_labelled_by(row, rule)
        if key not in seen:
            seen[key] = sheets.identity(row)
        elif row.labels == clusters or labels_file.SAMPLE not in _columns(row.labels or row.path):
            bigwig = row.kind == "bigwig"
            raise UserError(
                f"{sheet} sample {sheets.identity(row)}",
                f"{row.path} is also the file of {seen[key]}" + ("" if bigwig else ", with the same labels"),
                "correct the path" + ("" if bigwig else " or the labels") + ", or remove one of the two rows",
            )


def _columns(labels: str) -> list[str]:
    """Columns of labels. An h5ad is opened for a file that is named twice alone: its library takes its time to load."""
    if labels.rstrip("/").endswith(".zarr"):
        return [path.name for path in Path(labels, "obs").glob("*")]
    if not labels.endswith(".h5ad"):
        return labels_file.header(labels)
    import h5py

    try:
        with h5py.File(labels, "r") as file:
            obs = file["obs"]
            return [*(obs.keys() if isinstance(obs, h5py.Group) else obs.dtype.names or ())]
    except (OSError, KeyError):  # its job tells
        return []


def _labelled_by(row: Sample, rule: str) -> tuple[str, str]:
    """The labels of a row's cells, and what these add to the sample's barcodes; nothing tells whole files apart."""
    labels = row.labels or (row.path if row.kind == "h5ad" and not row.cell_type else WHOLE)
    if labels == WHOLE:
        return WHOLE, ""
    return os.path.realpath(labels), spelled("", row.barcodes or rule, row.sample, row.donor or row.sample)
