"""The region that the world gives to in-silico mutagenesis: around the planted site that does most."""

import numpy as np
import pandas as pd

from presage.worlds.genome.effects import true_effects
from presage.worlds.genome.layout import Element, Site, decode, rows
from presage.worlds.genome.truth import Truth


def strongest_site(truth: Truth, chroms: list[str], length: int) -> tuple[str, int, int]:
    """The ``length`` bp around one planted site of an enhancer on ``chroms``: contig, start, end.

    It is the site of an activator whose loss (A and G, C and T change places in all of it) lowers accessibility most in
    any cell type: the oracle's log2 ratio over 512 bp. Of equal ones it is the first.
    """
    layout = truth.layout
    enhancers = [i for i, e in zip(layout.elements.index, rows(layout.elements, Element)) if e.kind == "enhancer"]
    own = layout.sites["chrom"].isin(chroms) & layout.sites["element"].isin(enhancers) & ~layout.sites["decoy"]
    sites = list(rows(layout.sites[own], Site))
    lost = []
    for site in sites:
        codes = layout.sequence[site.chrom][site.start : site.end]
        lost.append((site.chrom, site.start, decode(codes), decode((codes + 2) % 4)))
    effects = true_effects(pd.DataFrame(lost, columns=["chrom", "pos", "ref", "alt"]), truth).atac
    best = sites[int(np.argmin(effects.min(axis=1)))]
    start = (best.start + best.end - length) // 2
    return best.chrom, start, start + length
