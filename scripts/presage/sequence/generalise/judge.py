"""How well held-out tracks are predicted, and what is lost against having been fitted to them.

Metrics, all defined in docs/numbers.md:

* ``bin_pearson``: per held-out track over bins, in the units of its targets
* ``specific_r``: the same for what is special about the track: relative coverage minus the mean over the kept cell
  types, which each model takes from its own predictions and the measurement from its own tracks
* ``gene_pearson``, ``gene_specific_r``: the same over genes, per held-out cell type, log1p of relative coverage

A measured stand-in has no specific values: it would share the noise of the mean that is taken off.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.progress import progress
from presage.sequence.evaluation.correlation import log_cpm, moments, pearson_from_moments
from presage.sequence.evaluation.estimates import Estimate, interval, nanmean, resample_counts
from presage.sequence.evaluation.genes import Genes
from presage.sequence.evaluation.genes import units as moments_of_genes
from presage.sequence.generalise.predictors import IN_SAMPLE, ORDER, Predictor
from presage.sequence.generalise.told import Told
from presage.study.hold_outs import HoldOut
from presage.tables import SCHEMAS

BINS, GENES = ("bin_pearson", "specific_r"), ("gene_pearson", "gene_specific_r")


class Held(NamedTuple):
    """What was held out, on the windows ``rows`` of the fold ``split``.

    ``measured`` tells its tracks, ``reference`` the kept ones, ``kept`` are the kept cell types; ``ceiling`` float64
    ``[tracks]``, NaN where it is not known.
    """

    out: HoldOut
    measured: Told
    reference: Told
    kept: list[str]
    rows: np.ndarray
    split: str
    genes: Genes | None
    ceiling: np.ndarray
    simulated: bool
    note: str | None = None


def judge(
    held: Held,
    predictors: Sequence[Predictor],
    model: str,
    *,
    resamples: int = 1000,
    seed: int = 0,
    batch_size: int = 8,
) -> pd.DataFrame:
    """Rows of the `generalise` table of one hold-out: every predictor on every held-out track, and on all.

    ``model``: name of the adapter run. Predictors of several seeds are averaged (rows with a null seed). All share the
    bootstrap's draws of windows, so that drops against ``in_sample`` are paired.
    """
    counts = resample_counts(len(held.rows), resamples, seed)
    block = np.empty(0, np.int64) if held.genes is None else held.genes.block
    by_name: dict[str, list[tuple[Predictor, dict[str, _Drawn]]]] = {}
    for predictor in predictors:
        bins, genes = collect(held, predictor, batch_size)
        found = {metric: _Drawn.of(units, counts) for metric, units in bins.items()}
        found |= {metric: _Drawn.of(units, counts[:, block]) for metric, units in genes.items()}
        by_name.setdefault(predictor.name, []).append((predictor, found))
    primary = next((name for name in ORDER if name in by_name), None)
    rows: list[dict[str, object]] = []
    for name, fits in by_name.items():
        own: dict[str, object] = {"axis": held.out.axis, "held_out": held.out.value, "model": model, "predictor": name}
        own |= {"split": held.split, "primary": name == primary, "simulated": held.simulated}
        for metric in fits[0][1]:
            same = [found[metric] for _, found in by_name.get(IN_SAMPLE, []) if metric in found]
            base = _Drawn.mean(same) if same and name != IN_SAMPLE else None
            for predictor, found in fits if fits[0][0].seed is not None else ():
                rows += _rows({**own, "metric": metric, "seed": predictor.seed}, held, predictor, found[metric], None)
            mean = _Drawn.mean([found[metric] for _, found in fits])
            rows += _rows({**own, "metric": metric, "seed": None}, held, fits[0][0], mean, base)
    return pd.DataFrame(rows, columns=SCHEMAS["generalise"].names).astype({"seed": "Int32"})


def collect(
    held: Held, predictor: Predictor, batch_size: int = 8
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Moments by metric: of bins float64 ``[windows, 6, tracks]``, of genes ``[genes, 6, cell types]``."""
    info = held.measured.info
    tracks, n_genes = len(info), 0 if held.genes is None else len(held.genes.columns)
    bins = {metric: np.zeros((len(held.rows), 6, tracks)) for metric in BINS[: 1 + predictor.fitted]}
    sums = {name: np.zeros((n_genes, tracks)) for name in ("pred", "obs", "pred_mean", "obs_mean")}
    alike = {
        told: [told.alike(assay, strand, held.kept) for assay, strand in zip(info["assay"], info["strand"])]
        for told in (predictor.told, held.reference)
    }
    what = f"{held.out.axis} {held.out.value}: {predictor.name}"
    for first in progress(range(0, len(held.rows), batch_size), what, "batch"):
        rows = held.rows[first : first + batch_size]
        told, reference = predictor.told, held.reference
        raw, observed = told.paint(rows), held.measured.paint(rows)
        plain = {"pred": told.plain(raw), "obs": held.measured.plain(observed)}
        pred = _mean_over(plain["pred"], predictor.columns)
        means = {"pred_mean": _mean_over(plain["pred"], alike[told]) if predictor.fitted else pred}
        means["obs_mean"] = _mean_over(reference.plain(reference.paint(rows)), alike[reference])
        own = raw[..., [some[0] for some in predictor.columns]] if predictor.single else pred
        for i, w in enumerate(range(first, first + len(rows))):
            bins["bin_pearson"][w] = moments(own[i], observed[i])
            if predictor.fitted:
                special = pred[i] - means["pred_mean"][i], plain["obs"][i] - means["obs_mean"][i]
                bins["specific_r"][w] = moments(*special)
            if held.genes is not None:
                gene, bin_ = held.genes.bins[w].T
                for name, values in (("pred", pred), ("obs", plain["obs"]), *means.items()):
                    np.add.at(sums[name], gene, values[i][bin_])
    return bins, _genes(held.genes, sums, predictor.fitted) if held.genes is not None else {}


def _genes(genes: Genes, sums: dict[str, np.ndarray], fitted: bool) -> dict[str, np.ndarray]:
    """Moments of genes by metric, from sums over exons."""
    level = {name: log_cpm(np.take_along_axis(values, genes.columns, axis=1)) for name, values in sums.items()}
    found = {"gene_pearson": moments_of_genes(level["pred"], level["obs"])}
    if fitted:
        special = level["pred"] - level["pred_mean"], level["obs"] - level["obs_mean"]
        found["gene_specific_r"] = moments_of_genes(*special)
    return found


def _mean_over(values: np.ndarray, columns: Sequence[Sequence[int]]) -> np.ndarray:
    """``[n, bins, tracks]`` -> ``[n, bins, held-out tracks]``; zeros where a track has no column."""
    return np.stack([values[..., some].mean(-1) if some else np.zeros(values.shape[:2]) for some in columns], axis=-1)


class _Drawn(NamedTuple):
    """r float64 ``[tracks]``, its replicates ``[resamples, tracks]``, and the number of values behind each r."""

    r: np.ndarray
    replicates: np.ndarray
    n: np.ndarray

    @staticmethod
    def of(units: np.ndarray, counts: np.ndarray) -> "_Drawn":
        replicates = pearson_from_moments(np.tensordot(counts, units, axes=1))
        return _Drawn(pearson_from_moments(units.sum(0)), replicates, units[:, 0].sum(0))

    @staticmethod
    def mean(parts: Sequence["_Drawn"]) -> "_Drawn":
        """Over seeds."""
        r, replicates = (np.mean([getattr(part, name) for part in parts], axis=0) for name in ("r", "replicates"))
        return _Drawn(r, replicates, parts[0].n)

    def over(self, columns: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """The mean over some tracks, and its replicates."""
        replicates = nanmean(self.replicates[:, columns], axis=1)
        return interval(float(nanmean(self.r[columns])), replicates, int(self.n[columns].sum())), replicates


def _rows(
    own: dict[str, object], held: Held, predictor: Predictor, drawn: _Drawn, base: _Drawn | None
) -> list[dict[str, object]]:
    """A row for each held-out track (or cell type, for genes), for each assay, and for all."""
    of_genes = own["metric"] in GENES
    info = held.measured.info
    if of_genes and held.genes is not None:
        names, assays = held.genes.types, np.array(["rna"] * len(held.genes.types), object)
        ceiling, sources = np.full(len(names), np.nan), _by_type(info, names, predictor.sources)
    else:
        names, assays, ceiling, sources = list(info["track"]), info["assay"].to_numpy(), held.ceiling, predictor.sources
    groups: list[tuple[str, str, np.ndarray]] = [(n, str(assays[i]), np.array([i])) for i, n in enumerate(names)]
    groups += [("all", str(assay), np.flatnonzero(assays == assay)) for assay in dict.fromkeys(assays)]
    groups += [("all", "all", np.arange(len(names)))]
    rows = []
    for group, assay, columns in groups:
        estimate, replicates = drawn.over(columns)
        row = {**own, "group": group, "assay": assay, "n": estimate.n, "value": estimate.value}
        row |= {"ci_low": estimate.low, "ci_high": estimate.high, "ceiling": float(nanmean(ceiling[columns]))}
        row["source"] = ", ".join(dict.fromkeys(sources[i] for i in columns)) if group != "all" else None
        why = "windows resampled" if np.isfinite(estimate.value) else "a side does not vary"
        row["note"] = f"{why}; {held.note}" if held.note else why
        if base is not None:
            known, theirs = base.over(columns)
            drop = interval(known.value - estimate.value, theirs - replicates, estimate.n)
            row |= {"drop": drop.value, "drop_low": drop.low, "drop_high": drop.high}
            row["retained"] = estimate.value / known.value if known.value > 0 else np.nan
        rows.append(row)
    return rows


def _by_type(info: pd.DataFrame, types: Sequence[str], sources: Sequence[str]) -> list[str]:
    """Sources of each type's RNA tracks."""
    rna = info["assay"] == "rna"
    return [", ".join(s for s, t, r in zip(sources, info["cell_type"], rna) if r and t == name) for name in types]
