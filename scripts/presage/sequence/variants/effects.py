"""What does a variant do? Scores of every track, averaged over models, strands and shifts, with how far these agree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from presage.sequence.sparse_tower import Edit, Window, check_window, open_window, unsupported
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.scorer import Replicate, Scorer
from presage.sequence.variants.scores import CENTRE, scores
from presage.sequence.variants.scores.gene import GeneBins, GeneEffects, gene_effects
from presage.sequence.variants.sequences import Alleles, build


class Effects(NamedTuple):
    """Effects of some variants.

    Attributes
    ----------
    scores : float64 ``[variants, tracks]`` by the name of the score, means over the replicates
    log_fc : float64 ``[replicates, variants, tracks]``, of which the spread is taken
    genes : float64 ``[replicates, variants, genes, tracks]`` each, where genes were given
    """

    scores: dict[str, np.ndarray]
    log_fc: np.ndarray
    genes: GeneEffects | None


@torch.inference_mode()
def effects(
    scorer: Scorer, start: int, sites: Sequence[Variant], genes: pd.DataFrame | None = None, batch_size: int = 32
) -> Effects:
    """Effects of variants that share the window which starts at ``start`` (0-based, for shift 0).

    ``genes``: rows of the `genes` table on the same contig whose expression is scored, too; ``batch_size``: sequences
    in one pass.
    """
    bins = scored_bins(scorer, start, sites, genes)
    names = list(scores())
    values: list[dict[str, Tensor]] = []
    of_genes: list[GeneEffects] = []
    for replicate in scorer.replicates:
        window = open_reference(scorer, replicate, sites[0].chrom, start, bins)
        batches = [sites[i : i + batch_size] for i in range(0, len(sites), batch_size)]
        parts = [_measured(scorer, window, start + replicate.shift, batch, bins, genes) for batch in batches]
        values.append({name: torch.cat([part[0][name] for part in parts]) for name in names})
        if genes is not None:
            of_genes.append(GeneEffects(*(torch.cat(column) for column in zip(*(part[1] for part in parts)))))
    stacked = {name: torch.stack([one[name] for one in values]).numpy() for name in names}
    found = GeneEffects(*(torch.stack(column) for column in zip(*of_genes))) if genes is not None else None
    return Effects({name: part.mean(axis=0) for name, part in stacked.items()}, stacked["log_fc"], found)


def _measured(
    scorer: Scorer,
    window: Window,
    start: int,
    sites: Sequence[Variant],
    bins: tuple[int, int],
    genes: pd.DataFrame | None,
) -> tuple[dict[str, Tensor], GeneEffects]:
    """Every score of one batch and replicate, and (empty without genes) the effects on genes."""
    ref = scorer.coverage(window.coverage)[None]
    alt = scorer.coverage(alternatives(scorer, window, start, sites, bins))
    away = scorer.away(start, sites)[:, slice(*bins)].to(ref.device)
    masks = {centred: scorer.mask(away, CENTRE if centred else None) for centred in (False, True)}
    found = {
        name: score.measure(ref, alt, masks[score.centre], scorer.pseudocount).cpu() for name, score in scores().items()
    }
    first = scorer.first_base(start) + bins[0] * scorer.bin_size
    which = GeneBins.of(genes, first, bins[1] - bins[0], scorer.bin_size) if genes is not None else None
    if which is None:
        return found, GeneEffects(*(torch.empty(0) for _ in GeneEffects._fields))
    return found, GeneEffects(*(part.cpu() for part in gene_effects(ref, alt, which, scorer.pseudocount)))


def scored_bins(scorer: Scorer, start: int, sites: Sequence[Variant], genes: pd.DataFrame | None) -> tuple[int, int]:
    """Half-open range of output bins that any score of these variants reads, at any shift."""
    away = scorer.away(start, sites)
    needed = (scorer.mask(away) | scorer.mask(away, CENTRE)).any(2).any(0)
    if genes is not None:
        needed |= GeneBins.of(genes, scorer.first_base(start), scorer.bins, scorer.bin_size).body.any(0)
    found = needed.nonzero().ravel()
    if not len(found):  # the variants lie outside of the output
        return 0, 1
    slack = -(-max(abs(shift) for shift in scorer.shifts) // scorer.bin_size)
    return max(0, int(found[0]) - slack), min(scorer.bins, int(found[-1]) + 1 + slack)


def alternatives(scorer: Scorer, window: Window, start: int, sites: Sequence[Variant], bins: tuple[int, int]) -> Tensor:
    """What a model predicts for the alternative alleles in a window that starts at ``start``: ``[n, bins, tracks]``."""
    batch = [build(site, scorer.genome, start, scorer.context) for site in sites]
    same = [i for i, site in enumerate(sites) if len(site.ref) == len(site.alt)]
    moved = [i for i, site in enumerate(sites) if len(site.ref) != len(site.alt)]
    alt = window.coverage.new_empty((len(sites), *window.coverage.shape))
    if same:
        alt[same] = window.edited([edit(batch[i], sites[i]) for i in same])
    if moved:
        left = window.whole(np.stack([batch[i].left for i in moved]))
        right = window.whole(np.stack([batch[i].right for i in moved]))
        first = scorer.first_base(0) + bins[0] * scorer.bin_size
        alt[moved] = stitch(left, right, [batch[i] for i in moved], first, scorer.bin_size)
    return alt


def check_sparse(scorer: Scorer, start: int, sites: Sequence[Variant]) -> list[str]:
    """Compare the sparse way with the dense one on these variants, for every model and strand.

    Returns why models are evaluated densely, where they are. Raises
    :class:`~presage.sequence.sparse_tower.SparseMismatch` where the two differ by more than rounding.
    """
    reasons = [unsupported(model) for model in scorer.models]
    for replicate in scorer.replicates:
        if replicate.shift == scorer.shifts[0] and unsupported(replicate.model) is None:
            at = start + replicate.shift
            batch = [(build(site, scorer.genome, at, scorer.context), site) for site in sites]
            edits = [edit(alleles, site) for alleles, site in batch]
            check_window(replicate.model, batch[0][0].ref, edits, reverse=replicate.reverse)
    return list(dict.fromkeys(reason for reason in reasons if reason))


def open_reference(
    scorer: Scorer, replicate: Replicate, chrom: str, start: int, bins: tuple[int, int] | None = None
) -> Window:
    """The reference of a window that starts at ``start`` for shift 0, as one replicate sees it."""
    at = start + replicate.shift
    codes = scorer.genome.codes(chrom, at, at + scorer.context)
    return open_window(replicate.model, codes, reverse=replicate.reverse, bins=bins, sparse=scorer.sparse)


def edit(alleles: Alleles, site: Variant) -> Edit:
    """A substitution, as an edit of its window."""
    return Edit(alleles.at, alleles.left[alleles.at : alleles.at + len(site.ref)])


def stitch(left: Tensor, right: Tensor, batch: Sequence[Alleles], first: int, size: int) -> Tensor:
    """ALT coverage ``[n, bins, tracks]`` of indels on the bins of REF.

    ``first`` is the offset in the window of the first bin's first base, ``size`` bp a bin. Bins up to the variant come
    from the ALT window whose left flank is in place, later bins from the one whose right flank is. Bins that lie wholly
    in deleted bases are 0: what is gone has no coverage.
    """
    out = left.clone()
    for i, alleles in enumerate(batch):
        after = max(0, (alleles.split - first) // size + 1)
        out[i, after:] = right[i, after:]
        lost, end = alleles.gone
        out[i, max(0, -((lost - first) // -size)) : max(0, (end - first) // size)] = 0
    return out
