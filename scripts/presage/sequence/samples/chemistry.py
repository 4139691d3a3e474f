"""Which strand an RNA library reads: found in the reads themselves, and checked against what the sheet says.

cDNA reads of a 3' kit are sense to the transcript, those of a 5' kit antisense, so the share of sense reads in exons
tells the kit.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pysam

from presage.errors import UserError
from presage.sequence.samples.bam import Bam
from presage.sequence.samples.counts import GeneTable
from presage.sequence.samples.rna import plain_reads

_PLACES, _READS = 50, 120  # genes that are looked at, and reads of each end of each
_ENOUGH = 100  # reads in exons of one strand, below which nothing is concluded
_CLEAR = 0.7  # share of sense (or antisense) reads from which a library is called stranded


class Strands(NamedTuple):
    """Reads in exons of just one strand, by whether they are sense or antisense to it."""

    sense: int
    antisense: int

    @property
    def chemistry(self) -> str | None:
        """The kit that they tell (three_prime or five_prime); None where they are too few or too even."""
        told = self.sense + self.antisense
        if told < _ENOUGH or max(self.sense, self.antisense) < _CLEAR * told:
            return None
        return "three_prime" if self.sense > self.antisense else "five_prime"


def look(bam: Bam, genes: GeneTable, min_mapq: int) -> Strands:
    """Strands of reads at both ends of fifty genes, spread over the genome."""
    last = max(0, len(genes.genes) - 1)
    rows = np.unique(np.linspace(0, last, _PLACES).astype(int))[: len(genes.genes)]
    found = {"sense": 0, "antisense": 0}
    with bam.reading():
        for gene in genes.genes.iloc[rows].itertuples():
            reads = plain_reads(_of_ends(bam, gene), min_mapq)
            for what, number in genes.sense(reads, str(gene.chrom)).items():
                found[what] += number
    return Strands(**found)


def _of_ends(bam: Bam, gene) -> Iterator[pysam.AlignedSegment]:  # type: ignore[no-untyped-def]
    """Some reads that begin in the first and the last exon of a gene (a row of the genes table)."""
    ends = {(gene.exon_starts[i], gene.exon_ends[i]) for i in (0, -1)}
    for start, end in sorted(ends):
        yield from (read for read, _ in zip(bam.alignments(gene.chrom, int(start), int(end)), range(_READS)))


def settle(name: str, said: str | None, found: Strands) -> tuple[str, str | None]:
    """The chemistry to go by, and a warning where the reads do not confirm it.

    ``said``: three_prime or five_prime by the sample sheet or the configuration, None where it is to be detected.
    Raises :class:`UserError` where the reads clearly say otherwise, and where many reads say nothing clear and no
    chemistry was stated.
    """
    told = found.sense + found.antisense
    share = (
        f"{100 * found.sense / told:.0f} % of {told:,} exonic reads are sense" if told else "no read lies in an exon"
    )
    if said and found.chemistry and found.chemistry != said:
        raise UserError(
            f"sample {name}",
            f"is said to be {said}, but {share}, as in {found.chemistry}",
            "correct the column chemistry (or pseudobulk.chemistry), or leave it empty",
        )
    if found.chemistry:
        return found.chemistry, None
    if said:
        return said, f"{name}: chemistry {said} is not confirmed by the reads ({share})"
    if told >= _ENOUGH:
        raise UserError(
            f"sample {name}",
            f"{share}: neither 3' (sense) nor 5' (antisense)",
            "check that GTF and genome belong to the reads; if they do, state the chemistry in the sample sheet",
        )
    return "three_prime", f"{name}: chemistry could not be detected ({share}); three_prime is assumed"
