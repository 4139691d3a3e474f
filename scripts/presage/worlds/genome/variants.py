"""Variants of the genome world: causal ones, matched controls, and a null set drawn like the controls.

A causal variant changes a site of an active factor, and the oracle sees at least a stated effect in some cell type and
assay. A control lies in an element too, matched to a causal one by fold, indel or SNV, distance to TSS and element
centre, and how open that element is; it hits a decoy motif (half of them) or no site at all, and the oracle sees next
to nothing in any type. Controls and null set are a random split of one matched draw, so they are exchangeable.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from presage.config.genome_world import GenomeWorld
from presage.errors import UserError
from presage.worlds.genome.effects import Effects, alleles, true_effects
from presage.worlds.genome.grammar import GRID
from presage.worlds.genome.layout import ELEMENT_HALF, Element, Layout, Site, decode, rows
from presage.worlds.genome.truth import Truth

FOLD_SHARES = {"train": 0.2, "valid": 0.25, "test": 0.55}
GAIN_SHARE = 0.25  # of causal candidates repair a weak site instead of breaking a site
MAX_INDEL = 4  # bp
_INDELS_DRAWN = 4  # every fourth candidate is an indel: enough to choose the wanted share from
_DRAWS = {"causal": 12, "matched": 3}  # candidates per variant that is wanted


def plant_variants(settings: GenomeWorld, truth: Truth, rng: np.random.Generator) -> tuple[pd.DataFrame, Effects]:
    """All variants in genome order, with their true effects.

    Columns: variant (chrom:pos:ref:alt, 1-based) chrom pos (0-based) ref alt kind (causal, control or null) decoy motif
    fold. Raises :class:`UserError` where the genome is too small for the numbers asked for.
    """
    chosen = []
    for fold, chroms in settings.folds.items():
        causal, control, null = (
            _share(n, fold) for n in (settings.causal_variants, settings.control_variants, settings.null_variants)
        )
        hits = _causal(settings, causal, chroms, truth, rng)
        matched = _matched(settings, control + null, hits, chroms, truth, rng)
        kinds = _split(matched["decoy"].to_numpy(), null, rng)
        chosen.append(pd.concat([hits.assign(kind="causal"), matched.assign(kind=kinds)]).assign(fold=fold))
    variants = pd.concat(chosen, ignore_index=True)
    order = {chrom: i for i, chrom in enumerate(truth.layout.sequence)}
    variants["rank"] = variants["chrom"].map(order)
    variants = variants.sort_values(["rank", "pos", "ref", "alt"], ignore_index=True).drop(columns=["rank", "element"])
    variants.insert(0, "variant", [f"{v.chrom}:{v.pos + 1}:{v.ref}:{v.alt}" for v in alleles(variants)])
    return variants, true_effects(variants, truth)


def _share(total: int, fold: str) -> int:
    """The part of ``total`` in ``fold``; the parts of all folds add up to it."""
    early = {f: int(total * s) for f, s in FOLD_SHARES.items() if f != "test"}
    return early.get(fold, total - sum(early.values()))


def _split(decoy: NDArray[np.bool_], null: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Make ``null`` of the variants the null set and the others controls, at random, with the same share of decoys."""
    order = rng.permutation(len(decoy))
    order = order[np.argsort(decoy[order], kind="stable")]
    even = np.arange(len(decoy)) * null
    kinds = np.empty(len(decoy), "U7")
    kinds[order] = np.where((even + null) // len(decoy) > even // len(decoy), "null", "control")
    return kinds


def _causal(settings: GenomeWorld, n: int, chroms: list[str], truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """``n`` variants in different sites of active factors whose largest true effect is big enough."""
    sites = truth.layout.sites
    sites = sites[sites["chrom"].isin(chroms) & ~sites["decoy"]]
    sites = sites.sample(n=min(len(sites), _DRAWS["causal"] * n), random_state=rng)
    sense = {m.name: m.consensus for m in truth.layout.motifs}
    drawn = []
    for i, site in enumerate(rows(sites, Site)):
        sequence = truth.layout.sequence[site.chrom]
        best = sense[site.motif] if site.strand == "+" else 3 - sense[site.motif][::-1]
        weak = site.start + np.flatnonzero(sequence[site.start : site.end] != best)
        if i % _INDELS_DRAWN == 0:
            mutation = _indel(sequence, site.start, site.end, rng)
        elif len(weak) and rng.random() < GAIN_SHARE:
            at = int(rng.choice(weak))
            mutation = _snv(sequence, at, int(best[at - site.start]))
        else:
            mutation = _random_snv(sequence, site.start, site.end, rng)
        drawn.append(_at_site(site) | mutation)
    candidates = pd.DataFrame(drawn).drop_duplicates(["chrom", "pos"])
    strong = candidates[true_effects(candidates, truth).largest >= settings.min_effect_log2]
    return _with_indels(strong, n, settings.indel_share, "causal", lambda found, k: found.iloc[:k])


def _matched(
    settings: GenomeWorld, n: int, causal: pd.DataFrame, chroms: list[str], truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """``n`` variants without effect, half of them in decoys, each the nearest free match of a causal one."""
    draws = _DRAWS["matched"] * n
    drawn = _in_decoys(truth.layout, chroms, draws, rng) + _between_sites(truth.layout, chroms, draws, rng)
    pool = pd.DataFrame(drawn).drop_duplicates(["chrom", "pos"])
    taken = set(zip(causal["chrom"], causal["pos"]))
    pool = pool[[place not in taken for place in zip(pool["chrom"], pool["pos"])]]
    pool = pool[true_effects(pool, truth).largest <= settings.max_control_effect_log2]
    nearest = partial(_nearest_matches, causal=causal, truth=truth, rng=rng)
    halves = ((pool["decoy"], n // 2), (~pool["decoy"], n - n // 2))
    parts = [_with_indels(pool[rows], k, settings.indel_share, "control and null", nearest) for rows, k in halves]
    return pd.concat(parts, ignore_index=True)


def _with_indels(
    candidates: pd.DataFrame, n: int, share: float, what: str, choose: Callable[[pd.DataFrame, int], pd.DataFrame]
) -> pd.DataFrame:
    """``n`` of the candidates, ``share`` of them indels, by ``choose`` within each kind."""
    indels = round(n * share)
    parts = []
    for indel, wanted in ((True, indels), (False, n - indels)):
        found = candidates[_is_indel(candidates) == indel]
        if len(found) < wanted:
            raise UserError(
                "sequence.world",
                f"{wanted} {what} variants of one fold do not fit, only {len(found)} do",
                "ask for fewer or make chromosome_kb larger",
            )
        parts.append(choose(found, wanted))
    return pd.concat(parts, ignore_index=True)


def _is_indel(variants: pd.DataFrame) -> pd.Series:
    return variants["ref"].str.len() != variants["alt"].str.len()


def _at_site(site: Site) -> dict[str, Any]:
    return {"chrom": site.chrom, "decoy": site.decoy, "motif": site.motif, "element": site.element}


def _in_decoys(layout: Layout, chroms: list[str], n: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """``n`` random variants inside decoy sites."""
    sites = layout.sites[layout.sites["chrom"].isin(chroms) & layout.sites["decoy"]]
    drawn = []
    for i, site in enumerate(rows(sites.sample(n=n, replace=True, random_state=rng), Site)):
        mutate = _random_snv if i % _INDELS_DRAWN else _indel
        drawn.append(_at_site(site) | mutate(layout.sequence[site.chrom], site.start, site.end, rng))
    return drawn


def _between_sites(layout: Layout, chroms: list[str], n: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Up to ``n`` random variants inside elements that touch no planted site."""
    busy = {c: np.zeros(len(layout.sequence[c]), bool) for c in chroms}
    for site in rows(layout.sites[layout.sites["chrom"].isin(chroms)], Site):
        busy[site.chrom][site.start : site.end] = True
    elements = layout.elements[layout.elements["chrom"].isin(chroms)].sample(n=n, replace=True, random_state=rng)
    drawn = []
    for i, (number, element) in enumerate(zip(elements.index, rows(elements, Element))):
        low = element.centre + int(rng.integers(-ELEMENT_HALF, ELEMENT_HALF - MAX_INDEL))
        mutate = _random_snv if i % _INDELS_DRAWN else _indel
        mutation = mutate(layout.sequence[element.chrom], low, low + MAX_INDEL + 1, rng)
        if not busy[element.chrom][mutation["pos"] : mutation["pos"] + len(mutation["ref"])].any():
            drawn.append({"chrom": element.chrom, "decoy": False, "motif": None, "element": number} | mutation)
    return drawn


def _snv(sequence: NDArray[np.uint8], pos: int, base: int) -> dict[str, Any]:
    return {"pos": pos, "ref": decode(sequence[pos : pos + 1]), "alt": "ACGT"[base]}


def _random_snv(sequence: NDArray[np.uint8], low: int, high: int, rng: np.random.Generator) -> dict[str, Any]:
    """Another base somewhere in [low, high)."""
    pos = int(rng.integers(low, high))
    return _snv(sequence, pos, (int(sequence[pos]) + int(rng.integers(1, 4))) % 4)


def _indel(sequence: NDArray[np.uint8], low: int, high: int, rng: np.random.Generator) -> dict[str, Any]:
    """A left-aligned deletion inside [low, high), or an insertion between two of its bases."""
    size = int(rng.integers(1, MAX_INDEL + 1))
    if rng.random() < 0.5:
        at = int(rng.integers(low, high - size + 1))
        while sequence[at - 1] == sequence[at + size - 1]:
            at -= 1
        return {"pos": at - 1, "ref": decode(sequence[at - 1 : at + size]), "alt": decode(sequence[at - 1 : at])}
    at = int(rng.integers(low + 1, high))
    inserted = rng.integers(0, 4, size).astype(np.uint8)
    while sequence[at - 1] == inserted[-1]:
        inserted = np.roll(inserted, 1)
        at -= 1
    anchor = decode(sequence[at - 1 : at])
    return {"pos": at - 1, "ref": anchor, "alt": anchor + decode(inserted)}


def _nearest_matches(
    candidates: pd.DataFrame, n: int, causal: pd.DataFrame, truth: Truth, rng: np.random.Generator
) -> pd.DataFrame:
    """``n`` of the candidates that are like the causal variants; the candidates are all indels or all SNVs."""
    if not n:
        return candidates.iloc[:0]
    like = causal[_is_indel(causal) == _is_indel(candidates).iloc[0]]
    targets = _place(like if len(like) else causal, truth)
    return candidates.iloc[nearest_free(targets, _place(candidates, truth), n, rng)]


def _place(variants: pd.DataFrame, truth: Truth) -> NDArray[np.float64]:
    """What is matched, scaled alike: log distance to the TSS, distance to the element's centre, its openness."""
    elements = truth.layout.elements.loc[variants["element"]]
    tss = truth.layout.genes.set_index("gene_id").loc[elements["gene"], "tss"].to_numpy()
    pos = variants["pos"].to_numpy()
    activity = truth.expectation.activity
    openness = np.array([activity[e.chrom][:, e.centre // GRID].max() for e in rows(elements, Element)])
    from_centre = np.abs(pos - elements["centre"].to_numpy())
    return np.stack([np.log1p(np.abs(pos - tss)), from_centre / 25.0, 4 * openness], axis=1)


def nearest_free(
    targets: NDArray[np.float64], candidates: NDArray[np.float64], n: int, rng: np.random.Generator
) -> list[int]:
    """Rows of ``n`` candidates: going round the targets, each takes its nearest candidate that is still free."""
    free = np.ones(len(candidates), bool)
    chosen: list[int] = []
    _, order = cKDTree(candidates).query(targets, k=np.arange(1, len(candidates) + 1))
    while len(chosen) < n:
        for t in rng.permutation(len(targets))[: n - len(chosen)]:
            best = int(order[t][free[order[t]]][0])
            free[best] = False
            chosen.append(best)
    return chosen


def vcf_lines(variants: pd.DataFrame, layout: Layout) -> list[str]:
    """VCF 4.3 lines; nothing in them tells causal from control."""
    lines = ["##fileformat=VCFv4.3", "##source=presage (simulated)"]
    lines += [f"##contig=<ID={chrom},length={len(codes)}>" for chrom, codes in layout.sequence.items()]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for v, name in zip(alleles(variants), variants["variant"]):
        lines.append(f"{v.chrom}\t{v.pos + 1}\t{name}\t{v.ref}\t{v.alt}\t.\tPASS\t.")
    return lines
