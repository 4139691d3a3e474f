"""Samples that are counts already: an h5ad gives molecules per group of cells, and no coverage."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.errors import UserError
from presage.sequence.pseudobulk import cells
from presage.sequence.samples.counts import GroupCounts
from presage.sequence.samples.h5ad import count_groups, gene_names
from presage.sequence.samples.labels import check_matched, h5ad_barcodes, match_barcodes, matching
from presage.sequence.samples.sources import GROUP, sample_labels, with_sheet
from presage.sheets import Sample

COUNTS_ONLY = "counts only: an h5ad has no coverage"


def count_h5ads(
    samples: Sequence[Sample], settings: Pseudobulk, genes: pd.DataFrame, counts: GroupCounts
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Add the molecules of h5ad samples to ``counts``; their rows of the cells table, and their part of qc.json."""
    rows: list[pd.DataFrame] = [tables.empty("cells")]
    facts: dict[str, Any] = {}
    for sample in samples:
        rule, donor = sample.barcodes or settings.barcodes, sample.donor or sample.sample
        barcodes = h5ad_barcodes(sample.path, sample.sample, rule, donor)
        labels = sample_labels(sample, settings)
        if labels is None:
            labels = with_sheet(
                pd.DataFrame({"barcode": barcodes, "cell_type": sample.cell_type or sample.sample}), sample
            )
        named = match_barcodes(labels["barcode"].tolist(), barcodes)
        labels = labels.assign(barcode=labels["barcode"].map(named)).dropna(subset="barcode")
        check_matched(sample.labels or sample.path, labels["barcode"], barcodes, settings.min_matched)
        frame = pd.DataFrame({"barcode": barcodes}).merge(labels, on="barcode", how="left")
        if frame["cell_type"].isna().all():
            raise UserError(sample.labels or sample.path, f"labels no cell of {sample.sample}", "give its own labels")
        frame = with_sheet(frame, sample)
        groups = frame[GROUP].dropna().drop_duplicates(ignore_index=True)
        group = frame.merge(groups.reset_index(), on=GROUP, how="left")["index"].fillna(-1).astype(int).to_numpy()
        keys = [("h5ad", "", *row) for row in groups.itertuples(index=False)]
        sums, var, origin, umis = count_groups(sample.path, group, len(groups))
        names = list(zip(gene_names(var, genes), var.index.astype(str)))
        counts.add(keys, names, sums)
        frame["umis"] = umis
        frame["reason"] = np.where(group < 0, "not labelled", COUNTS_ONLY)
        rows.append(cells.table(frame.assign(sample=sample.sample, reads=0, fragments=0, used=False)))
        facts[f"{sample.sample} {sample.kind}"] = {
            "path": sample.path,
            "unit": "cells",
            "total": len(frame),
            "cells": {"used": int((group >= 0).sum()), "not_labelled": int((group < 0).sum())},
            "labels": matching(labels["barcode"], barcodes),
            "counts_from": origin,
            "molecules": int(frame["umis"].sum()),
            "genes": {"in_h5ad": len(names), "in_reference": sum(name in set(genes["gene_id"]) for name, _ in names)},
        }
    return pd.concat(rows, ignore_index=True) if samples else rows[0], facts
