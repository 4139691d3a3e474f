"""The evaluation of adapters and baselines on held-out coverage: bins of windows, and genes over cell types.

Names in the `metrics` table, all defined in docs/numbers.md:

* ``bin_pearson``, ``bin_spearman`` per track and ``all`` (mean over tracks)
* ``gene_pearson``, ``gene_spearman``, ``gene_centred_r`` per cell type and ``all``
* ``across_types_r``, ``across_types_rho``; ``skill`` over predicting each gene's mean over types
* each of them with ``_difference``: minus the reference adapter, paired over windows
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from presage.sequence.evaluation.baselines import Baseline
from presage.sequence.evaluation.correlation import mean_pearson
from presage.sequence.evaluation.estimates import resample_counts
from presage.sequence.evaluation.genes import add_genes
from presage.sequence.evaluation.measured import Measured, Sums
from presage.sequence.evaluation.metrics import Metrics
from presage.sequence.model.sequence_model import SequenceModel

_FLAT = "a side does not vary"


def evaluate_tracks(
    models: Iterable[tuple[str, int, SequenceModel]],
    measured: Measured,
    *,
    baselines: Mapping[str, Baseline] | None = None,
    reference: str = "probe",
    split: str = "test",
    resamples: int = 1000,
    min_types: int = 3,
    seed: int = 0,
) -> pd.DataFrame:
    """Metrics of every adapter on the windows and genes of one fold.

    Parameters
    ----------
    models : (adapter name, seed of the fit, model), e.g. a generator that loads one after the other; all with the
        tracks of ``measured``
    baselines : name -> what stands beside the adapters, see :mod:`presage.sequence.evaluation.baselines`
    reference : adapter that the others are compared with
    split : what the rows are called
    min_types : genes seen in fewer cell types do not enter across-type r
    resamples, seed : of the bootstrap over windows; a gene goes with its window. All models share the draws.

    Returns
    -------
    Rows of the `metrics` table: one per metric, adapter, seed and group, and for each adapter the mean over its seeds
    (``seed`` null), which is what is compared.
    """
    sums: dict[str, dict[int, Sums]] = {}
    for name, fit, model in models:
        collected = measured.collect(measured.of_model(model), f"evaluate {name}, seed {fit} on {split}")
        sums.setdefault(name, {})[fit] = collected
    known = dict(baselines or {})
    for name, baseline in known.items():
        sums[name] = {0: measured.collect(baseline.source, f"{name} on {split}")}
    metrics = Metrics(split, measured.targets.simulated)
    counts = resample_counts(len(measured.rows), resamples, seed)
    observed = measured.collect(measured.values, f"measured genes on {split}").genes if measured.genes else None
    for name, fits in sums.items():
        notes = known[name].notes if name in known else {}
        add_bins(metrics, name, fits, measured.slugs, counts, notes)
        if measured.genes is not None and observed is not None:
            add_genes(
                metrics, name, {s: part.genes for s, part in fits.items()}, observed, measured.genes, counts, min_types
            )
    metrics.add_differences(reference, "paired over windows")
    return metrics.table()


def add_bins(
    metrics: Metrics,
    model: str,
    fits: Mapping[int, Sums],
    slugs: list[str],
    counts: np.ndarray,
    notes: Mapping[str, str],
) -> None:
    """``bin_pearson`` and, where ranks were kept, ``bin_spearman``: per track and the mean over tracks.

    Ranks are those among all bins; a bootstrap replicate draws windows and keeps them.
    """
    for metric in ("windows", "ranks"):
        units = {seed: getattr(sums, metric) for seed, sums in fits.items()}
        if any(part is None for part in units.values()):
            continue
        name, means = {"windows": "bin_pearson", "ranks": "bin_spearman"}[metric], {}
        for seed, part in units.items():
            per_track, mean, drawn = mean_pearson(part, counts)
            for slug, estimate in zip(slugs, per_track):
                note = notes.get(slug) if np.isfinite(estimate.value) else _FLAT
                metrics.add(name, model, estimate, group=slug, seed=seed, note=note)
            means[seed] = mean, drawn
        metrics.add_mean(name, model, means, "mean over tracks; windows resampled")
