"""Variants of the genome world: causal ones, matched controls, and a null set drawn like the controls.

A causal variant changes a site of an active factor, and the oracle sees at least a stated effect in some cell type and assay. A
control lies in an element too, matched to a causal one by fold, indel or SNV, distance to TSS and element centre, and how open that
element is; it hits a decoy motif (half of them) or no site at all, and the oracle sees next to nothing in any type. Controls and
null set are a random split of one matched draw, so they are exchangeable.

Effects are log2 ratios, ALT over REF, of what the oracle expects: accessibility summed over 512 bp around the variant (assay
``atac``), and expression of the gene that changes most (assay ``rna``).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from presage.config.genome_world import GenomeWorld
from presage.errors import UserError
from presage.worlds.genome.expression import CLOSED, Expectation, kernel, response
from presage.worlds.genome.grammar import CELL_TYPES, GRID, Oracle
from presage.worlds.genome.layout import ELEMENT_HALF, Layout, decode

FOLD_SHARES = {"train": 0.2, "valid": 0.25, "test": 0.55}
LOCAL = 512  # bp, window in which ALT is compared with REF
GAIN_SHARE = 0.25  # of causal candidates repair a weak site instead of breaking a site
MAX_INDEL = 4  # bp
_GENES = 2  # nearest TSSs that a variant may act on
_BATCH = 1000


@dataclass(frozen=True)
class Effects:
    """True effects of variants [log2]; ``gene`` is the row of the gene that ``rna`` speaks of."""

    atac: NDArray[np.float64]  # [variant, type]
    rna: NDArray[np.float64]  # [variant, type]
    gene: NDArray[np.int64]  # [variant]

    @property
    def largest(self) -> NDArray[np.float64]:
        """Largest absolute effect over types and assays, [variant]."""
        return np.maximum(np.abs(self.atac), np.abs(self.rna)).max(axis=1)

    def take(self, rows: NDArray[np.int64]) -> "Effects":
        return Effects(self.atac[rows], self.rna[rows], self.gene[rows])


def true_effects(variants: pd.DataFrame, layout: Layout, rule: Oracle, expectation: Expectation) -> Effects:
    """Run the oracle on REF and ALT of ``variants`` (chrom, pos 0-based, ref, alt).

    Windows are anchored at their left end: behind an indel the ALT sequence is shifted, as it is in a chromosome.
    """
    parts = []
    for begin in range(0, len(variants), _BATCH):
        parts.append(_batch_effects(variants.iloc[begin : begin + _BATCH], layout, rule, expectation))
    return Effects(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("atac", "rna", "gene")))


def _batch_effects(variants: pd.DataFrame, layout: Layout, rule: Oracle, expectation: Expectation) -> Effects:
    starts = variants["pos"].to_numpy() // GRID * GRID - LOCAL // 2
    pairs = [
        _alleles(layout.sequence[v.chrom], int(start), v.pos, v.ref, v.alt)
        for v, start in zip(variants.itertuples(), starts)
    ]
    reference, alternative = rule(np.stack([r for r, _ in pairs])), rule(np.stack([a for _, a in pairs]))
    means = rule.states.type_means()
    open_ref, open_alt = (np.einsum("ts,nsx->nt", means, a) + CLOSED * LOCAL / GRID for a in (reference, alternative))
    change = alternative.astype(np.float64) - reference

    gene = _nearest_genes(variants, layout.genes)
    positions = starts[:, None] + GRID * np.arange(LOCAL // GRID) + GRID / 2
    tss = layout.genes["tss"].to_numpy()[gene]
    weight = kernel(positions[:, None, :] - tss[:, :, None])
    before = expectation.drive.T[gene]  # [variant, gene, state]
    after = np.maximum(before + np.einsum("nsx,ngx->ngs", change, weight, optimize=True), 0)
    level_ref, level_alt = (np.einsum("ts,ngs->ngt", means, response(d)) for d in (before, after))
    rna = np.log2(level_alt / level_ref)
    most = np.abs(rna).max(axis=2).argmax(axis=1)
    rows = np.arange(len(variants))
    return Effects(np.log2(open_alt / open_ref), rna[rows, most], gene[rows, most])


def _alleles(
    sequence: NDArray[np.uint8], start: int, pos: int, ref: str, alt: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The LOCAL bp from ``start`` with either allele. Raises ``ValueError`` where REF is not in the genome."""
    if decode(sequence[pos : pos + len(ref)]) != ref:
        raise ValueError(f"REF {ref} is not at {pos}")
    codes = np.array(["ACGT".index(b) for b in alt], np.uint8)
    changed = np.concatenate([sequence[start:pos], codes, sequence[pos + len(ref) : start + LOCAL + len(ref)]])
    return sequence[start : start + LOCAL], changed[:LOCAL]


def _nearest_genes(variants: pd.DataFrame, genes: pd.DataFrame) -> NDArray[np.int64]:
    """Rows of the nearest TSSs on the variant's chromosome, [variant, _GENES]; repeated where there is one gene only."""
    nearest = np.empty((len(variants), _GENES), np.int64)
    for chrom, rows in variants.reset_index(drop=True).groupby("chrom", sort=False):
        own = genes.index[genes["chrom"] == chrom].to_numpy()
        distance = np.abs(rows["pos"].to_numpy()[:, None] - genes["tss"].to_numpy()[own])
        order = np.argsort(distance, axis=1, kind="stable")[:, :_GENES]
        nearest[rows.index] = own[np.resize(order, (len(rows), _GENES)) if order.shape[1] == 1 else order]
    return nearest


def plant_variants(
    settings: GenomeWorld, layout: Layout, rule: Oracle, expectation: Expectation, rng: np.random.Generator
) -> tuple[pd.DataFrame, Effects]:
    """All variants in genome order, with their true effects.

    Columns: variant (chrom:pos:ref:alt, 1-based) chrom pos (0-based) ref alt kind (causal, control or null) decoy motif fold.
    Raises :class:`UserError` where the genome is too small for the numbers asked for.
    """
    chosen = []
    for fold, chroms in settings.folds.items():
        quota = {k: _share(getattr(settings, f"{k}_variants"), fold) for k in ("causal", "control", "null")}
        causal = _causal(settings, quota["causal"], chroms, layout, rule, expectation, rng)
        matched = _matched(settings, quota["control"] + quota["null"], causal, chroms, layout, rule, expectation, rng)
        # Within each half (decoy or not) a random part becomes the null set.
        order = matched.sample(frac=1, random_state=rng).sort_values("decoy", kind="stable")
        place = np.arange(len(order)) * quota["null"]
        null = (place + quota["null"]) // len(order) > place // len(order)
        matched.loc[order.index, "kind"] = np.where(null, "null", "control")
        chosen.append(pd.concat([causal, matched]).assign(fold=fold))
    variants = pd.concat(chosen, ignore_index=True)
    rank = variants["chrom"].map({c: i for i, c in enumerate(layout.sequence)})
    variants = variants.assign(rank=rank).sort_values(["rank", "pos", "ref", "alt"]).drop(columns=["rank", "element"])
    variants = variants.reset_index(drop=True)
    names = [f"{v.chrom}:{v.pos + 1}:{v.ref}:{v.alt}" for v in variants.itertuples()]
    variants.insert(0, "variant", names)
    return variants, true_effects(variants, layout, rule, expectation)


def _share(total: int, fold: str) -> int:
    """``total`` split over folds by FOLD_SHARES, exactly."""
    early = {f: int(total * s) for f, s in FOLD_SHARES.items() if f != "test"}
    return early.get(fold, total - sum(early.values()))


def _causal(
    settings: GenomeWorld,
    n: int,
    chroms: list[str],
    layout: Layout,
    rule: Oracle,
    expectation: Expectation,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """``n`` variants in different sites of active factors whose largest true effect is big enough."""
    sites = layout.sites[layout.sites["chrom"].isin(chroms) & ~layout.sites["decoy"]]
    sites = sites.sample(n=min(len(sites), 12 * n), random_state=rng)
    motifs = {m.name: m for m in layout.motifs}
    rows = []
    for i, site in enumerate(sites.itertuples()):
        sequence = layout.sequence[site.chrom]
        gain = None
        if rng.random() < GAIN_SHARE:
            gain = motifs[site.motif].consensus if site.strand == "+" else 3 - motifs[site.motif].consensus[::-1]
        indel = i % 4 == 0  # enough to choose from; the share is set below
        rows.append(_mutate(sequence, site, indel, gain, rng))
    candidates = pd.DataFrame(rows).drop_duplicates(["chrom", "pos"], ignore_index=True)
    effects = true_effects(candidates, layout, rule, expectation)
    strong = candidates[effects.largest >= settings.min_effect_log2]
    indels = round(n * settings.indel_share)
    picked = [_first(strong, True, indels, "causal"), _first(strong, False, n - indels, "causal")]
    return pd.concat(picked, ignore_index=True).assign(kind="causal")


def _first(candidates: pd.DataFrame, indel: bool, n: int, what: str) -> pd.DataFrame:
    found = candidates[_is_indel(candidates) == indel]
    if len(found) < n:
        raise _too_small(what, n, len(found))
    return found.iloc[:n]


def _too_small(what: str, wanted: int, found: int) -> UserError:
    todo = "ask for fewer or make chromosome_kb larger"
    return UserError("sequence.world", f"{wanted} {what} variants of one fold do not fit, only {found} do", todo)


def _is_indel(variants: pd.DataFrame) -> pd.Series:
    return variants["ref"].str.len() != variants["alt"].str.len()


def _mutate(sequence: NDArray[np.uint8], site, indel: bool, gain: NDArray | None, rng: np.random.Generator) -> dict:
    """A random SNV or indel inside ``site``; with ``gain`` an SNV towards that consensus where the site differs from it."""
    common = {"chrom": site.chrom, "decoy": site.decoy, "motif": site.motif, "element": site.element}
    if indel:
        return common | _random_indel(sequence, site.start, site.end, rng)
    position = int(rng.integers(site.start, site.end))
    base = (int(sequence[position]) + int(rng.integers(1, 4))) % 4
    if gain is not None:
        weak = np.flatnonzero(sequence[site.start : site.end] != gain)
        if len(weak):
            j = int(rng.choice(weak))
            position, base = site.start + j, int(gain[j])
    return common | {"pos": position, "ref": decode(sequence[[position]]), "alt": "ACGT"[base]}


def _random_indel(sequence: NDArray[np.uint8], low: int, high: int, rng: np.random.Generator) -> dict:
    """A left-aligned deletion inside [low, high), or an insertion between two of its bases."""
    size = int(rng.integers(1, MAX_INDEL + 1))
    if rng.random() < 0.5:
        at = int(rng.integers(low, high - size + 1))
        while sequence[at - 1] == sequence[at + size - 1]:
            at -= 1
        return {"pos": at - 1, "ref": decode(sequence[at - 1 : at + size]), "alt": decode(sequence[[at - 1]])}
    at = int(rng.integers(low + 1, high))
    inserted = rng.integers(0, 4, size).astype(np.uint8)
    while sequence[at - 1] == inserted[-1]:
        inserted = np.roll(inserted, 1)
        at -= 1
    anchor = decode(sequence[[at - 1]])
    return {"pos": at - 1, "ref": anchor, "alt": anchor + decode(inserted)}


def _matched(
    settings: GenomeWorld,
    n: int,
    causal: pd.DataFrame,
    chroms: list[str],
    layout: Layout,
    rule: Oracle,
    expectation: Expectation,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """``n`` variants without effect, half of them in decoys, each the nearest free match of a causal one."""
    pool = pd.concat([_decoy_pool(layout, chroms, 3 * n, rng), _plain_pool(layout, chroms, 3 * n, rng)])
    taken = set(zip(causal["chrom"], causal["pos"]))
    pool = pool.drop_duplicates(["chrom", "pos"])
    pool = pool[[key not in taken for key in zip(pool["chrom"], pool["pos"])]].reset_index(drop=True)
    quiet = true_effects(pool, layout, rule, expectation).largest <= settings.max_control_effect_log2
    pool = pool[quiet].reset_index(drop=True)
    chosen = []
    for decoy, half in ((True, n // 2), (False, n - n // 2)):
        indels = round(half * settings.indel_share)
        for indel, wanted in ((True, indels), (False, half - indels)):
            stratum = pool[(pool["decoy"] == decoy) & (_is_indel(pool) == indel)]
            like = causal[_is_indel(causal) == indel]
            like = like if len(like) else causal  # too few variants for an indel
            targets, candidates = (_place(v, layout, expectation) for v in (like, stratum))
            chosen.append(stratum.iloc[_nearest_free(targets, candidates, wanted, rng)])
    return pd.concat(chosen, ignore_index=True)


def _decoy_pool(layout: Layout, chroms: list[str], n: int, rng: np.random.Generator) -> pd.DataFrame:
    sites = layout.sites[layout.sites["chrom"].isin(chroms) & layout.sites["decoy"]]
    drawn = sites.sample(n=n, replace=True, random_state=rng)
    rows = [_mutate(layout.sequence[s.chrom], s, i % 4 == 0, None, rng) for i, s in enumerate(drawn.itertuples())]
    return pd.DataFrame(rows)


def _plain_pool(layout: Layout, chroms: list[str], n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Variants in elements that touch no planted site."""
    elements = layout.elements[layout.elements["chrom"].isin(chroms)]
    busy = {c: np.zeros(len(layout.sequence[c]), bool) for c in chroms}
    for site in layout.sites[layout.sites["chrom"].isin(chroms)].itertuples():
        busy[site.chrom][site.start : site.end] = True
    rows = []
    for i, element in enumerate(elements.sample(n=n, replace=True, random_state=rng).itertuples()):
        sequence = layout.sequence[element.chrom]
        position = element.centre + int(rng.integers(-ELEMENT_HALF, ELEMENT_HALF))
        common = {"chrom": element.chrom, "decoy": False, "motif": None, "element": element.Index}
        if i % 4 == 0:
            change = _random_indel(sequence, position, position + MAX_INDEL + 1, rng)
        else:
            base = "ACGT"[(int(sequence[position]) + int(rng.integers(1, 4))) % 4]
            change = {"pos": position, "ref": decode(sequence[[position]]), "alt": base}
        first, last = change["pos"], change["pos"] + len(change["ref"])
        if not busy[element.chrom][first:last].any():
            rows.append(common | change)
    return pd.DataFrame(rows)


def _place(variants: pd.DataFrame, layout: Layout, expectation: Expectation) -> NDArray[np.float64]:
    """What is matched, scaled alike: log distance to the gene's TSS, distance to the element's centre, the element's openness."""
    elements = layout.elements.loc[variants["element"]]
    tss = layout.genes.set_index("gene_id").loc[elements["gene"], "tss"].to_numpy()
    pos = variants["pos"].to_numpy()
    openness = np.array([expectation.activity[e.chrom][:, e.centre // GRID].max() for e in elements.itertuples()])
    from_centre = np.abs(pos - elements["centre"].to_numpy())
    return np.stack([np.log1p(np.abs(pos - tss)), from_centre / 25.0, 4 * openness], axis=1)


def _nearest_free(
    targets: NDArray[np.float64], candidates: NDArray[np.float64], n: int, rng: np.random.Generator
) -> list[int]:
    """Rows of ``n`` candidates: going round the targets, each takes its nearest candidate that is still free."""
    if len(candidates) < n:
        raise _too_small("control and null", n, len(candidates))
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
    return lines + [f"{v.chrom}\t{v.pos + 1}\t{v.variant}\t{v.ref}\t{v.alt}\t.\tPASS\t." for v in variants.itertuples()]
