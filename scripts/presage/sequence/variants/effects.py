"""What does a variant do? Predicted coverage of ALT against REF, per track, with spread, specificity and null p-value.

Direction convention: everything is ALT over REF, so a positive effect is a gain of coverage by the alternative allele.

For one model and one strand of the DNA, with a track's prediction summed over the output bins of a window centred on
the variant::

    log_fc = log2((sum ALT + c) / (sum REF + c))       c = pseudocount
    sad    = sum ALT - sum REF
    d2     = sign(sad) * sqrt(sum over bins of (ALT - REF)^2)

Each is averaged over models (seeds of one adapter) and strands; ``log_fc_sd`` is the sample standard deviation of
``log_fc`` over them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from presage.sequence.genome import Genome
from presage.sequence.leakage import FoldMap, folds_of
from presage.sequence.model import SequenceModel
from presage.sequence.targets import onehot
from presage.sequence.variants.alleles import Alleles, Variant, build
from presage.sequence.variants.calibration import Null
from presage.tables import SCHEMAS


class Effects(NamedTuple):
    """Effects of some variants, float64 ``[variants, tracks]`` each; ``log_fc_sd`` is NaN for one model and strand."""

    log_fc: np.ndarray
    sad: np.ndarray
    d2: np.ndarray
    log_fc_sd: np.ndarray


@dataclass(frozen=True)
class Scorer:
    """Models of the same shape and tracks (one adapter's seeds), and how to read an effect from them.

    Attributes
    ----------
    models : one or more; all must share tracks and window
    genome : where sequence comes from
    rc : average over both strands of the DNA; a stranded track is then read from its partner
    pseudocount : c of the module's formula, in units of the models' coverage
    spans : for each track, bp around the variant whose bins are summed; None = all output bins
    """

    models: Sequence[SequenceModel]
    genome: Genome
    rc: bool = True
    pseudocount: float = 1.0
    spans: Sequence[int | None] | None = None

    def __post_init__(self) -> None:
        if not self.models:
            raise ValueError("no model to score with")
        if any(model.tracks != self.tracks or model.trunk.context != self.context for model in self.models):
            raise ValueError("models differ in tracks or context: score them one by one")

    @property
    def tracks(self) -> list[str]:
        """Slugs, in the order of every result's columns."""
        return self.models[0].tracks

    @property
    def context(self) -> int:
        """Length of a window, bp."""
        return self.models[0].trunk.context

    @torch.inference_mode()
    def __call__(self, variants: Sequence[Variant]) -> Effects:
        """Effects of a batch: a forward pass each for REF, ALT, and (indels) ALT with its right flank in place."""
        batch = [build(variant, self.genome, self.context) for variant in variants]
        ref = np.stack([a.ref for a in batch])
        left = np.stack([a.left for a in batch])
        moved = [i for i, variant in enumerate(variants) if len(variant.ref) != len(variant.alt)]
        right = np.stack([batch[i].right for i in moved]) if moved else None
        values = []
        for model, reverse in self.passes():
            alt = predict(model, left, reverse)
            if right is not None:
                alt[moved] = stitch(alt[moved], predict(model, right, reverse), [batch[i] for i in moved], model)
            values.append(measure(predict(model, ref, reverse), alt, self.mask(), self.pseudocount))
        return combine(values)

    def passes(self) -> list[tuple[SequenceModel, bool]]:
        """What is averaged: each model, and whether it reads the reverse complement."""
        return [(model, reverse) for model in self.models for reverse in (False, True)[: 1 + self.rc]]

    def mask(self) -> Tensor:
        """bool ``[bins, tracks]``: which bins of a window centred on the variant are summed."""
        trunk = self.models[0].trunk
        # Distance in bp from the window's middle to the nearer edge of each bin.
        left = (torch.arange(trunk.out_bins) - trunk.out_bins / 2) * trunk.bin_size
        away = torch.maximum(left, -(left + trunk.bin_size)).clamp(min=0)
        spans = self.spans if self.spans is not None else [None] * len(self.tracks)
        reach = torch.tensor([float("inf") if span is None else span / 2 for span in spans])
        return away[:, None] < reach


def predict(model: SequenceModel, codes: np.ndarray, reverse: bool = False) -> Tensor:
    """Coverage ``[n, bins, tracks]`` of uint8 sequences ``[n, context]``, on the model's device.

    With ``reverse`` the model reads the reverse complement, and its output is turned back: bins flipped, each track
    read from its partner on the other strand.
    """
    device = next(model.parameters()).device
    x = torch.from_numpy(onehot(codes)).to(device)
    with torch.inference_mode():
        if not reverse:
            return model(x)
        # A C G T reversed is T G C A: flipping the channels complements.
        return model(x.flip(1, 2)).flip(1)[..., torch.as_tensor(model.strand_pair, device=device)]


def stitch(left: Tensor, right: Tensor, batch: Sequence[Alleles], model: SequenceModel) -> Tensor:
    """ALT coverage ``[n, bins, tracks]`` of indels on the bins of REF.

    Bins up to the variant come from the ALT window whose left flank is in place, later bins from the one whose right
    flank is. Bins that lie wholly in deleted bases are 0: what is gone has no coverage.
    """
    size = model.trunk.bin_size
    offset = (model.trunk.context - model.trunk.out_bins * size) // 2
    out = left.clone()
    for i, alleles in enumerate(batch):
        after = max(0, (alleles.split - offset) // size + 1)
        out[i, after:] = right[i, after:]
        first, last = alleles.gone
        out[i, max(0, -((first - offset) // -size)) : max(0, (last - offset) // size)] = 0
    return out


def measure(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float) -> np.ndarray:
    """log_fc, sad, d2 as the module says: coverage ``[n, bins, tracks]`` twice -> float64 ``[3, n, tracks]``.

    ``mask`` bool ``[bins, tracks]`` selects the bins of each track.
    """
    mask = mask.to(ref.device)
    ref, alt = ref.double() * mask, alt.double() * mask
    total_ref, total_alt = ref.sum(1), alt.sum(1)
    log_fc = torch.log2((total_alt + pseudocount) / (total_ref + pseudocount))
    sad = total_alt - total_ref
    d2 = sad.sign() * (alt - ref).square().sum(1).sqrt()
    return torch.stack([log_fc, sad, d2]).cpu().numpy()


def combine(values: Sequence[np.ndarray]) -> Effects:
    """Average :func:`measure` results over models and strands."""
    stacked = np.stack(values)
    spread = stacked[:, 0].std(axis=0, ddof=1) if len(values) > 1 else np.full(stacked.shape[2:], np.nan)
    log_fc, sad, d2 = stacked.mean(axis=0)
    return Effects(log_fc, sad, d2, spread)


# ---- from effects to rows of the `scores` table ------------------------------------------------------------------


def batches(items: Iterable[Variant], size: int) -> Iterator[list[Variant]]:
    """Lists of up to ``size`` items, in order."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def null_of(scorer: Scorer, variants: Iterable[Variant], batch_size: int) -> Null | None:
    """The null distribution of |log_fc| per track from variants without effect; None when there are none."""
    parts = [scorer(batch).log_fc for batch in batches(variants, batch_size)]
    return Null.of(np.concatenate(parts)) if parts else None


def specificity(log_fc: np.ndarray, tracks: pd.DataFrame) -> np.ndarray:
    """log_fc ``[variants, tracks]`` minus its mean over the tracks of the same assay and strand (one per cell type)."""
    out = np.empty_like(log_fc)
    for rows in tracks.reset_index(drop=True).groupby(["assay", "strand"]).groups.values():
        out[:, rows] = log_fc[:, rows] - log_fc[:, rows].mean(axis=1, keepdims=True)
    return out


class Places:
    """Where variants lie: fold of the trunk's output windows, and nearest transcription start."""

    def __init__(self, windows: pd.DataFrame, genes: pd.DataFrame | None = None) -> None:
        self._folds = FoldMap(windows)
        self._starts = {}
        if genes is not None:
            for chrom, group in genes.sort_values(["tss", "gene_id"]).groupby("chrom"):
                sign = np.where(group["strand"] == "-", -1, 1)
                self._starts[chrom] = group["tss"].to_numpy(np.int64), sign, group["gene_id"].to_numpy(object)

    def __call__(self, variants: Sequence[Variant]) -> pd.DataFrame:
        """Columns ``fold gene tss_distance``, one row per variant; distance in bp, positive downstream of the start."""
        chrom = np.array([v.chrom for v in variants], object)
        pos = np.array([v.pos for v in variants], np.int64)
        end = np.array([v.pos + len(v.ref) for v in variants], np.int64)
        fold = folds_of(self._folds.touches(chrom, pos, end))
        nearest = [self._nearest(*where) for where in zip(chrom, pos)]
        gene, distance = zip(*nearest) if nearest else ((), ())
        return pd.DataFrame({"fold": fold, "gene": gene, "tss_distance": pd.array(distance, "Int64")})

    def _nearest(self, chrom: str, pos: int) -> tuple[str | None, int | None]:
        if chrom not in self._starts:
            return None, None
        tss, sign, names = self._starts[chrom]
        right = int(np.searchsorted(tss, pos))
        near = min((i for i in (right - 1, right) if 0 <= i < len(tss)), key=lambda i: abs(int(tss[i]) - pos))
        return names[near], int((pos - tss[near]) * sign[near])


def score(
    scorer: Scorer,
    variants: Iterable[Variant],
    tracks: pd.DataFrame,
    places: Places,
    *,
    null: Null | None = None,
    batch_size: int = 8,
    seed: int = 0,
    code_hash: str = "",
) -> Iterator[pd.DataFrame]:
    """Score variants batch by batch, in constant memory.

    Parameters
    ----------
    tracks : columns ``slug cell_type assay strand``, at least one row per track of the models, any order
    null : from :func:`null_of`; without it ``p_null`` is null
    seed, code_hash : written to every row, as are the hashes of the models

    Yields
    ------
    Rows of the `scores` table: variants in the order given, for each all tracks in the models' order.
    """
    info = track_info(scorer.tracks, tracks)
    fixed: dict[str, Any] = {
        "model_hash": joint_hash([model.trunk_hash for model in scorer.models]),
        "adapter_hash": joint_hash([model.adapter_hash for model in scorer.models]),
        "seed": seed,
        "code_hash": code_hash,
    }
    for batch in batches(variants, batch_size):
        effects = scorer(batch)
        columns = {
            **effects._asdict(),
            "specificity": specificity(effects.log_fc, info),
            "p_null": np.full(effects.log_fc.shape, np.nan) if null is None else null.p(effects.log_fc),
        }
        sites = pd.DataFrame(
            {
                "variant": [v.name for v in batch],
                "chrom": [v.chrom for v in batch],
                "pos": [v.pos for v in batch],
                "ref": [v.ref for v in batch],
                "alt": [v.alt for v in batch],
            }
        )
        sites = pd.concat([sites, places(batch)], axis=1)
        rows = sites.loc[sites.index.repeat(len(info))].reset_index(drop=True)
        per_track = {c: np.tile(info[c].to_numpy(object), len(batch)) for c in ("track", "cell_type", "assay")}
        flat = {name: values.ravel() for name, values in columns.items()}
        yield rows.assign(**per_track, **flat, **fixed)[SCHEMAS["scores"].names]


def track_info(slugs: Sequence[str], tracks: pd.DataFrame) -> pd.DataFrame:
    """Columns ``track cell_type assay strand`` for each slug. Raises ``ValueError`` when the tracks table lacks one."""
    known = tracks.set_index("slug")
    missing = [slug for slug in slugs if slug not in known.index]
    if missing:
        raise ValueError(f"tracks table lacks {missing[0]} and {len(missing) - 1} more")
    return known.loc[list(slugs), ["cell_type", "assay", "strand"]].rename_axis("track").reset_index()


def joint_hash(hashes: Sequence[str]) -> str:
    """One hash for several models: the hash itself where all agree, else 16 hex digits over all of them in order."""
    unique = list(dict.fromkeys(hashes))
    return unique[0] if len(unique) == 1 else hashlib.sha256(" ".join(unique).encode()).hexdigest()[:16]
