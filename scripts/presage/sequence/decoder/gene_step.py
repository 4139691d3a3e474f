"""The step of studies that have counts and no coverage (h5ad): a head per seed, fitted and judged by genes."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from presage import tables
from presage.config.adapt import AdaptRun
from presage.config.decoder import GeneHead
from presage.config.evaluate import Evaluate
from presage.errors import UserError
from presage.sequence.adapters.files import save_adapter
from presage.sequence.decoder.gene_head import fit_gene_head
from presage.sequence.decoder.gene_targets import GeneBins
from presage.sequence.evaluation.estimates import resample_counts
from presage.sequence.evaluation.genes import Genes, add_genes
from presage.sequence.evaluation.metrics import Metrics
from presage.sequence.loading import load_model
from presage.sequence.model.sequence_model import SequenceModel, tensor_hash
from presage.sequence.samples.tracks import slugify
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.training.views import Views

log = logging.getLogger("presage")
NAME = "gene_head"


def gene_heads(
    out_dir: str | Path,
    trunk_path: str | Path,
    data: TargetSet,
    genes: pd.DataFrame,
    counts: pd.DataFrame,
    settings: GeneHead,
    evaluating: Evaluate,
    seeds: Sequence[int],
    threads: int = 1,
    device: str = "cpu",
) -> pd.DataFrame:
    """Fit a head for each seed on the bare trunk; write ``seed<k>/{adapter.safetensors,card.json}`` and
    ``evaluation.parquet`` (a `metrics` table, which is returned).

    Parameters
    ----------
    data : windows and sequence; coverage is not read
    counts : molecules, int; one row for each cell type, one column for each gene (``gene_id``)

    Train genes are fitted, valid genes choose the epoch, test genes are read by the evaluation alone. The files are
    those of an adapter, so :func:`~presage.sequence.loading.load_model` takes them.

    Raises :class:`UserError` when no cell type has molecules in train genes, or no test gene lies in windows.
    """
    torch.set_num_threads(threads)
    base = load_model(trunk_path, device=device)
    base.trunk.requires_grad_(False)
    views = Views(base, data, settings.cache_gb)
    train, test = (GeneBins.of(genes, data.windows, data.bin_size, fold) for fold in ("train", "test"))
    if not len(test):
        raise UserError("genes", "no test gene lies in the windows", "change the folds so that some do")
    known = counts.reindex(columns=genes["gene_id"], fill_value=0)
    empty = known.index[known.iloc[:, train.rows].sum(axis=1) == 0]
    if len(empty):
        log.warning("no molecule in train genes, left out: %s", ", ".join(empty))
    known = known.drop(index=empty)
    if not len(known):
        raise UserError("counts", "no cell type has molecules in train genes", "check that gene names are the GTF's")
    molecules = known.to_numpy(np.int64)
    tracks = [f"{slugify(name)}_counts" for name in known.index]
    card = {"data_hash": data.hash(), "types": list(known.index), "simulated": data.simulated, "fitted_to": "counts"}
    sums = {}
    for seed in seeds:
        model, fit = fit_gene_head(views, genes, molecules, tracks, seed=seed, **_fitting(settings))
        sums[seed] = summed_by_gene(model, views, test)
        model.adapter_hash = tensor_hash(model.head.state_dict())
        own = {"seed": seed, "threads": threads, "best_epoch": fit.best_epoch, "settings": settings.model_dump()}
        own["history"] = fit.history.to_dict("list")
        save_adapter(Path(out_dir) / f"seed{seed}", model.cpu(), AdaptRun(name=NAME, kind="probe"), {**card, **own})
        model.to(device)
    rows = _judge(sums, molecules[:, test.rows].T, test, data, list(known.index), evaluating)
    tables.write(Path(out_dir) / "evaluation.parquet", "metrics", rows, {"simulated": data.simulated})
    return rows


@torch.no_grad()
def summed_by_gene(model: SequenceModel, views: Views, test: GeneBins, at_a_time: int = 64) -> np.ndarray:
    """Predicted coverage over the exons of genes: float64 [genes, tracks]."""
    parts = [test.take(part) for part in np.array_split(np.arange(len(test)), -(-len(test) // at_a_time))]
    found = [part.sums(model.head(part.embeddings(views))).cpu().numpy() for part in parts]
    return np.concatenate(found).astype(np.float64)


def _fitting(settings: GeneHead) -> dict[str, Any]:
    return settings.model_dump(exclude={"cache_gb"})


def _judge(
    sums: dict[int, np.ndarray],
    observed: np.ndarray,
    test: GeneBins,
    data: TargetSet,
    types: list[str],
    evaluating: Evaluate,
) -> pd.DataFrame:
    """The `metrics` of test genes; each is drawn with the window that holds most of its bins."""
    windows = data.fold("test")
    held = np.zeros((len(test), len(windows)), np.int64)
    np.add.at(held, (test.gene, np.searchsorted(windows, test.window)), 1)
    columns = np.tile(np.arange(len(types)), (len(test), 1))
    genes = Genes([], columns, types, held.argmax(axis=1))
    metrics = Metrics("test", data.simulated)
    drawn = resample_counts(len(windows), evaluating.bootstrap, evaluating.seed)
    add_genes(metrics, NAME, sums, observed.astype(np.float64), genes, drawn, evaluating.min_types)
    return metrics.table()
