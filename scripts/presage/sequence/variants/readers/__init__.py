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
    return read_regions(path, genome) if _ending(path) == REGIONS else read_given(path)


def read_given(path: str | Path) -> Iterator[Site]:
    """As :func:`read_sites`, for files that name their alleles: no genome is needed."""
    return READERS.get(_ending(path), read_vcf)(path)


def _ending(path: str | Path) -> str:
    endings = [ending.lower() for ending in Path(path).suffixes if ending.lower() not in (".gz", ".bgz")]
    return endings[-1] if endings else ""
