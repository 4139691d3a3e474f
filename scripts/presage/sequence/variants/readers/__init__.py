"""Variants in: from a file to its alleles as they are given, streamed. One reader a kind of file.

Nothing but sites is read: genotypes and names of samples never leave the file. A new kind is one function here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from presage.sequence.genome import Genome
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.bcf import read_bcf
from presage.sequence.variants.readers.regions import read_regions
from presage.sequence.variants.readers.table import read_table
from presage.sequence.variants.readers.vcf import read_vcf

READERS: dict[str, Callable[[str | Path], Iterator[Site]]] = {
    ".vcf": read_vcf,
    ".bcf": read_bcf,
    ".tsv": read_table,
    ".txt": read_table,
    ".csv": read_table,
}
"""By the ending of the name, ``.gz`` or ``.bgz`` aside. What has none of them is taken for a VCF."""
REGIONS = ".bed"


def read_sites(path: str | Path, genome: Genome) -> Iterator[Site]:
    """Every ALT allele of a file, in its order. Raises :class:`UserError` naming file and line."""
    endings = [ending for ending in Path(path).suffixes if ending not in (".gz", ".bgz")]
    ending = endings[-1].lower() if endings else ""
    if ending == REGIONS:
        return read_regions(path, genome)
    return READERS.get(ending, read_vcf)(path)
