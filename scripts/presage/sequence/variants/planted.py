"""Variant effects against planted truth: are causal variants told from controls, with the right sign, in the right
cell type?

Names in the `metrics` table, all defined in docs/numbers.md: ``variant_auroc``, ``variant_oracle_auroc``,
``variant_recovered_share``, ``variant_sign_accuracy``, ``variant_top_type``, and on controls ``null_ks`` and
``null_below_0.05``.
"""

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.sequence.evaluation.classification import auroc_with_interval, recovered_share, sign_accuracy
from presage.sequence.evaluation.estimates import Estimate, proportion
from presage.sequence.evaluation.metrics import Metrics
from presage.sequence.variants.benchmark import Benchmark, splits
from presage.sequence.variants.calibration import ks_uniform, share_below

_SCORE = "score: largest |log_fc| over tracks"


def evaluate_variants(
    scores: pd.DataFrame,
    truth: pd.DataFrame,
    tracks: pd.DataFrame,
    genes: pd.DataFrame | None = None,
    *,
    model: str = "",
    seed: int | None = None,
    resamples: int = 1000,
    bootstrap_seed: int = 0,
    simulated: bool = True,
) -> pd.DataFrame:
    """Metrics of one set of scored variants: on all of them (split ``all``), outside the training fold
    (``not_train``), and in each fold of the trunk.

    Parameters
    ----------
    scores : the `scores` table of the set
    truth : the `truth_variants` table: per variant, assay and cell type the true log2 effect; ``kind`` causal or
    control tracks : the `tracks` table (for the strand of each track)
    genes : the `genes` table; with it a causal variant's RNA effect is read on the strand of the gene it acts on
    model, seed : adapter and fit seed, as they shall stand in the rows

    Returns
    -------
    Rows of the `metrics` table. AUROC groups are ``all``, ``snv`` and ``indel`` (causal and controls of that kind),
    and outside the training fold ``motif <name>``: causal variants in sites of that motif against all controls, which
    tells what a model has learned and what not. Sign accuracy looks at each causal variant where its true effect is
    largest: over both assays (``all``), within one, or in sites of a motif.

    Raises
    ------
    UserError
        No scored variant is in the truth.
    """
    truth = truth[truth["kind"].isin(["causal", "control"])]
    scored = _per_variant(scores, truth)
    if scored.empty:
        raise UserError("planted variants", "none of the scored variants is in the truth", "score the world's own VCF")
    signs, tops = _strongest(scores, truth, tracks, genes), _tops(scores, truth, tracks, genes)
    parts = []
    for split, kept in splits(scored).items():
        metrics = Metrics(split, simulated)
        _add_auroc(metrics, model, seed, kept, resamples, bootstrap_seed)
        motifs = _motifs(kept) if split == "not_train" else {}
        for group, variants in motifs.items():
            part = kept[kept["variant"].isin(variants) | ~kept["causal"]]
            area = auroc_with_interval(part["score"].to_numpy(), part["causal"].to_numpy())
            metrics.add("variant_auroc", model, area, group=group, seed=seed, note="its sites against all controls")
        for group in ("all", "rna", "atac", *motifs):
            assay, within = (group, kept["variant"]) if group not in motifs else ("all", motifs[group])
            found = signs[(signs["group"] == assay) & signs["variant"].isin(within)]
            accuracy = sign_accuracy(found["log_fc"].to_numpy(), found["effect_log2"].to_numpy())
            note = "in the cell type of the largest true effect" if len(found) else "no causal variant was scored"
            metrics.add("variant_sign_accuracy", model, accuracy, group=group, seed=seed, note=note)
            found = tops[(tops["group"] == assay) & tops["variant"].isin(within)]
            note = (
                "its type has at least twice the true effect of any other"
                if len(found)
                else "no such variant was scored"
            )
            share = proportion(int(found["right"].sum()), len(found))
            metrics.add("variant_top_type", model, share, group=group, seed=seed, note=note)
        controls = scores[scores["variant"].isin(kept.loc[~kept["causal"], "variant"])]
        _add_calibration(metrics, model, seed, controls)
        parts.append(metrics.table())
    return pd.concat(parts, ignore_index=True)


def _per_variant(scores: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """One row per scored variant of the truth: ``variant fold causal indel motif score oracle``."""
    first = scores.drop_duplicates("variant").set_index("variant")
    known = truth.groupby("variant").agg(
        kind=("kind", "first"), oracle=("effect_log2", lambda e: e.abs().max()), motif=("motif", "first")
    )
    rows = known.join(first[["fold", "ref", "alt"]], how="inner")
    rows["score"] = scores["log_fc"].abs().groupby(scores["variant"]).max().reindex(rows.index)
    rows["causal"] = rows["kind"] == "causal"
    rows["indel"] = rows["ref"].str.len() != rows["alt"].str.len()
    return rows.reset_index()


def _motifs(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The causal variants in sites of each motif, by the name of their group."""
    causal = rows[rows["causal"]].dropna(subset=["motif"])
    return {f"motif {name}": part["variant"] for name, part in causal.groupby("motif")}


def _add_auroc(
    metrics: Metrics, model: str, seed: int | None, rows: pd.DataFrame, resamples: int, bootstrap_seed: int
) -> None:
    for group, part in (("all", rows), ("snv", rows[~rows["indel"]]), ("indel", rows[rows["indel"]])):
        score, oracle, causal = (part[c].to_numpy() for c in ("score", "oracle", "causal"))
        why = None if 0 < causal.sum() < len(causal) else "needs causal variants and controls"
        metrics.add(
            "variant_auroc", model, auroc_with_interval(score, causal), group=group, seed=seed, note=why or _SCORE
        )
        best = auroc_with_interval(oracle, causal)
        metrics.add("variant_oracle_auroc", "oracle", best, group=group, note=why or "the world's own rule")
        share = recovered_share(score, oracle, causal, resamples, bootstrap_seed)
        note = why or "(AUROC - 0.5) / (oracle - 0.5), variants resampled"
        metrics.add("variant_recovered_share", model, share, group=group, seed=seed, note=note)


def _strongest(
    scores: pd.DataFrame, truth: pd.DataFrame, tracks: pd.DataFrame, genes: pd.DataFrame | None
) -> pd.DataFrame:
    """``variant group effect_log2 log_fc`` of causal variants where the truth is largest: in all, in rna, in atac."""
    causal = truth[truth["kind"] == "causal"]
    size = causal["effect_log2"].abs()
    whole = causal.loc[size.groupby(causal["variant"]).idxmax()].assign(group="all")
    within = causal.loc[size.groupby([causal["variant"], causal["assay"]]).idxmax()]
    picked = pd.concat([whole, within.assign(group=within["assay"])])
    both = _read(picked, scores, tracks, genes)
    # Without a known strand the stronger of the two is read.
    return both.sort_values("size", kind="stable").drop_duplicates(["variant", "group"], keep="last")


def _tops(scores: pd.DataFrame, truth: pd.DataFrame, tracks: pd.DataFrame, genes: pd.DataFrame | None) -> pd.DataFrame:
    """``variant group right`` of causal variants that act in one cell type: is the predicted effect largest there?

    Looked at within one assay (groups rna, atac), and in that of the largest effect (all).
    """
    causal = truth[truth["kind"] == "causal"].assign(true=lambda rows: rows["effect_log2"].abs())
    ranked = causal.sort_values("true", ascending=False, kind="stable").groupby(["variant", "assay"])
    best = ranked.nth(0).set_index(["variant", "assay"])
    second = ranked.nth(1).set_index(["variant", "assay"])["true"].reindex(best.index)
    specific = best[best["true"] >= 2 * second].reset_index()
    main = best.reset_index().sort_values("true", kind="stable").drop_duplicates("variant", keep="last")
    whole = specific.merge(main[["variant", "assay"]]).assign(group="all")
    picked = pd.concat([whole, specific.assign(group=specific["assay"])])
    picked = picked[["variant", "assay", "cell_type", "gene", "group"]].rename(columns={"cell_type": "true_type"})
    everywhere = picked.merge(causal[["variant", "assay", "cell_type"]], on=["variant", "assay"])
    both = _read(everywhere, scores, tracks, genes)
    found = both.sort_values("size", kind="stable").drop_duplicates(["variant", "group"], keep="last")
    return found.assign(right=found["cell_type"] == found["true_type"])


def _read(picked: pd.DataFrame, scores: pd.DataFrame, tracks: pd.DataFrame, genes: pd.DataFrame | None) -> pd.DataFrame:
    """What was predicted (``log_fc size``) for rows ``variant assay cell_type gene``, RNA on the gene's strand."""
    strand = {} if genes is None else dict(zip(genes["gene_id"], genes["strand"]))
    sense = [strand.get(gene) if assay == "rna" else None for gene, assay in zip(picked["gene"], picked["assay"])]
    read = scores[["variant", "track", "assay", "cell_type", "log_fc"]]
    read = read.assign(strand=read["track"].map(tracks.set_index("slug")["strand"]))
    both = picked.assign(sense=np.array(sense, object)).merge(read, on=["variant", "assay", "cell_type"])
    fits = (both["strand"] == ".") | both["sense"].isna() | (both["strand"] == both["sense"])
    return both[fits].assign(size=lambda rows: rows["log_fc"].abs())


def _add_calibration(metrics: Metrics, model: str, seed: int | None, controls: pd.DataFrame) -> None:
    """How uniform p is over controls: all tracks pooled, and each track."""
    for group, part in [("all", controls), *controls.groupby("track", sort=False)]:
        p = part["p_null"].dropna().to_numpy()
        note = (
            "over controls" + ("; all tracks pooled" if group == "all" else "") if len(p) else "no null set was scored"
        )
        metrics.add(
            "null_ks", model, Estimate(ks_uniform(p), np.nan, np.nan, len(p)), group=str(group), seed=seed, note=note
        )
        metrics.add("null_below_0.05", model, share_below(p), group=str(group), seed=seed, note=note)


def as_benchmark(
    scores: pd.DataFrame, truth: pd.DataFrame, tracks: pd.DataFrame, genes: pd.DataFrame | None = None
) -> Benchmark:
    """The planted variants as labelled ones, with the oracle's score beside the model's; a causal variant's effect is
    that in the cell type and assay where it is largest."""
    rows = _per_variant(scores, truth[truth["kind"].isin(["causal", "control"])])
    first = scores.drop_duplicates("variant").set_index("variant")["tss_distance"]
    signs = _strongest(scores, truth, tracks, genes)
    effects = signs[signs["group"] == "all"].set_index("variant")[["log_fc", "effect_log2"]]
    told = effects.reindex(rows["variant"]).to_numpy(float)
    distance = first.reindex(rows["variant"]).astype("Float64").to_numpy(float, na_value=np.nan)
    return Benchmark(rows.assign(predicted=told[:, 0], effect=told[:, 1], distance=distance), _SCORE)
