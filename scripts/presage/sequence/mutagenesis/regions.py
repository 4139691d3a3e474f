"""Where a region of in-silico mutagenesis lies: by its coordinates, around a gene's start, or around a variant.

Coordinates are 0-based half-open; a variant is given 1-based, as in a VCF.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from presage.config.ism import AroundGene, AroundVariant, Interval
from presage.errors import UserError
from presage.sequence.reference.contigs import map_contigs
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.alleles import REASONS, Dropped, Site, Variant, resolve

_VERSION = re.compile(r"\.\d+$")
_SHOWN = 3  # names that a refusal lists


class Place(NamedTuple):
    """A region of the genome, and the variant that it lies around, if any."""

    chrom: str
    start: int
    end: int
    variant: Variant | None = None


def locate(name: str, region: Interval | AroundGene | AroundVariant, genome: Genome, genes: pd.DataFrame) -> Place:
    """The region ``name`` of the configuration on the genome; ``genes`` is the `genes` table.

    Raises :class:`UserError` for a contig, gene or variant that the genome has not, and for a region past its ends.
    """
    where = f"config key sequence.ism.regions.{name}"
    if isinstance(region, AroundGene):
        place = _around_gene(where, region, genes)
    elif isinstance(region, AroundVariant):
        place = _around_variant(where, region, genome)
    else:
        place = Place(_contig(where, region.chrom, genome), region.start, region.end)
    length = genome.lengths[place.chrom]
    if not 0 <= place.start < place.end <= length:
        shown = f"{place.chrom}:{place.start}-{place.end}"
        raise UserError(where, f"{shown} is empty or leaves the contig ({length} bp)", "correct it")
    return place


def _contig(where: str, chrom: str, genome: Genome) -> str:
    found = map_contigs([chrom], genome.lengths).names.get(chrom)
    if found is None:
        known = ", ".join(list(genome.lengths)[:_SHOWN])
        raise UserError(where, f"the genome has no contig {chrom!r}", f"use one of {known}")
    return found


def _around_gene(where: str, region: AroundGene, genes: pd.DataFrame) -> Place:
    if genes.empty:
        raise UserError(where, "the study has no genes", "set reference.gtf, or give chrom, start and end")
    rows = genes[genes["gene_id"] == _VERSION.sub("", region.gene)]
    rows = rows if len(rows) else genes[genes["name"] == region.gene]
    if len(rows) != 1:
        said = f"{len(rows)} genes are called {region.gene!r}" if len(rows) else f"no gene is called {region.gene!r}"
        ids = ", ".join((rows if len(rows) else genes)["gene_id"].head(_SHOWN))
        raise UserError(where, said, f"give an identifier, e.g. {ids}")
    gene = rows.iloc[0]
    tss = int(gene["tss"])
    if gene["strand"] == "-":
        return Place(gene["chrom"], tss + 1 - region.downstream, tss + 1 + region.upstream)
    return Place(gene["chrom"], tss - region.upstream, tss + region.downstream)


def _around_variant(where: str, region: AroundVariant, genome: Genome) -> Place:
    chrom, pos, ref, alt = region.parts
    contig = _contig(where, chrom, genome)
    # Its length is no concern here: the picture needs its sequence only.
    variant = resolve(Site(chrom, pos - 1, ref, alt, 1), contig, genome, max_length=len(ref) + len(alt))
    if isinstance(variant, Dropped):
        raise UserError(where, REASONS[variant.reason], "give the variant as the VCF of this genome has it")
    return Place(contig, pos - 1 - region.flank, pos - 1 + len(ref) + region.flank, variant)


def read_bed(path: str | Path, name: str) -> Place:
    """The region ``name`` (fourth column) of a BED file.

    Raises :class:`UserError` when it has none of that name.
    """
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        chrom, start, end, found, *_ = line.split("\t")
        if found == name:
            return Place(chrom, int(start), int(end))
    raise UserError(path, f"has no region {name}", "name it in sequence.ism.regions")
