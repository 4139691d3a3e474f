"""The step of the cell-conditioned decoder: embed the cells, fit, evaluate, and write its folder."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from presage import tables
from presage.config.decoder import Cells
from presage.errors import UserError
from presage.sequence.decoder.embedding import Projection, held_out, visible_genes
from presage.sequence.decoder.evaluate import evaluate_cells
from presage.sequence.decoder.files import save_cells
from presage.sequence.decoder.fit import CellCounts, TypeTracks, fit_cells, start
from presage.sequence.decoder.labelled_cells import LabelledCells
from presage.sequence.decoder.network import CellDecoder, with_head
from presage.sequence.evaluation.baselines import Baseline, mean_of_types
from presage.sequence.evaluation.genes import MEAN_OF_TYPES
from presage.sequence.evaluation.measured import Measured
from presage.sequence.evaluation.tracks import evaluate_tracks
from presage.sequence.loading import load_model
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.views import Views

log = logging.getLogger("presage")
MODEL = "cells"
"""Name of the decoder, evaluated at the cell types' mean embeddings, in the `metrics` table."""


def cells(
    out_dir: str | Path,
    trunk_path: str | Path,
    data: TargetSet,
    tracks: pd.DataFrame,
    genes: pd.DataFrame,
    found: LabelledCells,
    settings: Cells,
    seed: int,
    *,
    adapter_dir: str | Path | None = None,
    rivals: Mapping[str, str | Path] | None = None,
    threads: int = 1,
    device: str = "cpu",
) -> dict[str, Any]:
    """Fit and judge the decoder; write ``decoder.safetensors``, ``card.json``, ``embeddings.parquet``,
    ``evaluation.parquet`` (a `metrics` table). Returns the card.

    Held-out cells are embedded by what training cells gave, and enter nothing else: neither the embedding nor the
    fit. (The pseudobulk tracks of train windows pool them with the others.) Test windows and test genes are read by
    the evaluation alone.

    adapter_dir : adapters inside the trunk, from an adapt run; None: the bare trunk
    rivals : adapt runs (name -> folder) whose per-type heads the decoder is compared with; the first is the reference
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    z, projection, out = embed(found, genes, data.windows, settings, seed)
    data = _with_cells(data, tracks, set(found.cells["cell_type"][~out]))
    layout = TypeTracks.of(data, tracks)
    kind = found.cells["cell_type"].map({name: i for i, name in enumerate(layout.types)}).fillna(-1).to_numpy(np.int64)
    fitted, kept_out = (CellCounts(z[rows], found.counts[rows], kind[rows]) for rows in (~out, out))
    base = load_model(trunk_path, adapter_dir).to(device)
    base.trunk.requires_grad_(False)
    views = Views(base, data, settings.cache_gb)
    decoder = CellDecoder(z.shape[1], base.trunk.width, layout.assays, settings.hidden).to(device)
    start(decoder, views, layout, fitted)
    fit = fit_cells(decoder, views, layout, genes, fitted, settings, seed)
    by_cell = evaluate_cells(
        decoder, views, layout, genes, fitted, kept_out, resamples=settings.bootstrap, seed=seed, rc=settings.rc
    )
    types = type_model(base, decoder, layout, data, fitted.type_means(len(layout.types)))
    by_type = _against_heads(types, data, tracks, genes, trunk_path, rivals or {}, settings, seed)
    evaluation = pd.concat([by_type, by_cell], ignore_index=True)
    card = save_cells(
        out_dir,
        base,
        decoder,
        projection,
        {
            "seed": seed,
            "threads": threads,
            "settings": settings.model_dump(mode="json"),
            "data_hash": data.hash(),
            "simulated": data.simulated,
            "embedding": f"obsm {settings.embedding}" if settings.embedding else "principal components",
            "embedding_may_have_seen_test_genes": settings.embedding is not None,
            "types": layout.types,
            "type_embeddings": fitted.type_means(len(layout.types)).tolist(),
            "cells": {"fitted": int((~out).sum()), "held_out": int(out.sum()), "left_out": found.left_out},
            "best_epoch": fit.best_epoch,
            "history": fit.history.to_dict("list"),
        },
    )
    rows = found.cells.assign(held_out=out, embedding=list(z))
    tables.write(Path(out_dir) / "embeddings.parquet", "cell_embeddings", rows, {"simulated": data.simulated})
    tables.write(Path(out_dir) / "evaluation.parquet", "metrics", evaluation, {"simulated": data.simulated})
    return card


def embed(
    found: LabelledCells, genes: pd.DataFrame, windows: pd.DataFrame, settings: Cells, seed: int
) -> tuple[np.ndarray, Projection | None, np.ndarray]:
    """Embedding float32 [cells, dim], the projection behind it (None: from the user's files), held-out cells (bool)."""
    out = held_out(found.cells["barcode"].tolist(), settings.held_out, seed)
    if out.all():
        raise UserError("sequence.cells.held_out", "leaves no cell to fit", "lower it")
    if found.stored is not None:
        return found.stored, None, out
    names = genes["gene_id"].tolist()
    seen = np.flatnonzero(visible_genes(genes, windows))
    projection = Projection.fit(found.counts[~out][:, seen], [names[i] for i in seen], settings.components)
    return projection(found.counts, names), projection, out


def type_model(
    base: SequenceModel, decoder: CellDecoder, layout: TypeTracks, data: TargetSet, z: np.ndarray
) -> SequenceModel:
    """The decoder at the types' embeddings (float32 [types, dim]) as a model of the set's own tracks, in its units."""
    device = next(decoder.parameters()).device
    times = torch.from_numpy(layout.times.astype(np.float32))
    head = decoder.head(torch.from_numpy(z).to(device), layout.cell.tolist(), layout.assay.tolist(), times)
    return with_head(base, head, data.tracks, data.strand_pair)


def _with_cells(data: TargetSet, tracks: pd.DataFrame, types: set[str]) -> TargetSet:
    """The tracks of cell types that have training cells."""
    known = set(tracks["slug"][tracks["cell_type"].isin(types)])
    kept = [slug for slug in data.tracks if slug in known]
    if not kept:
        raise UserError(data.path, "has no track of a type with labelled RNA cells", "set sequence.cells: null")
    if len(kept) < len(data.tracks):
        log.info("no labelled RNA cell, left out: %s", ", ".join(sorted(set(data.tracks) - set(kept))))
    return data.select(kept)


def _against_heads(
    types: SequenceModel,
    data: TargetSet,
    tracks: pd.DataFrame,
    genes: pd.DataFrame,
    trunk_path: str | Path,
    rivals: Mapping[str, str | Path],
    settings: Cells,
    seed: int,
) -> pd.DataFrame:
    """Coverage of test windows by the decoder and by heads with a fixed track for each type."""
    heads = [(name, load_model(trunk_path, folder).to(types.device)) for name, folder in rivals.items()]
    heads = [(name, model) for name, model in heads if model.tracks == types.tracks]
    measured = Measured.of(types.tracks, data, tracks, genes, "test", ranked=False)
    return evaluate_tracks(
        [(MODEL, seed, types), *((name, seed, model) for name, model in heads)],
        measured,
        baselines={MEAN_OF_TYPES: Baseline(mean_of_types(measured))},
        reference=heads[0][0] if heads else MODEL,
        resamples=settings.bootstrap,
        seed=seed,
    )
