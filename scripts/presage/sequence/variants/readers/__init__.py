"""Files of variants, by kind. Each is streamed, one :class:`~presage.sequence.variants.alleles.Site` an ALT allele.

Positions are 1-based in VCF, BCF and tables, 0-based half-open in BED, and 0-based inside. No reader looks at samples,
genotypes or columns that it has no use for, and no error quotes a line: such text could name a person.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from presage.errors import UserError
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.alleles import Site
from presage.sequence.variants.readers.bcf import read_bcf
from presage.sequence.variants.readers.bed import read_bed
from presage.sequence.variants.readers.table import read_table
from presage.sequence.variants.readers.vcf import read_vcf
from presage.variant_files import ENDINGS, kind_of

__all__ = ["RECORDS", "read_sites"]

# Kinds whose records are alleles. Regions need the genome to become some.
RECORDS: dict[str, Callable[[str | Path], Iterator[Site]]] = {"vcf": read_vcf, "bcf": read_bcf, "table": read_table}


def read_sites(path: str | Path, genome: Genome) -> Iterator[Site]:
    """Stream the alleles of a file in constant memory, in its order (regions: in genome order).

    Raises :class:`UserError` naming file and line when it is missing, truncated, of no known kind or not what its name
    says.
    """
    kind = kind_of(path)
    if kind is None:
        raise UserError(path, "is of no known kind", f"variants come in files that end in {ENDINGS}, plain or .gz")
    yield from read_bed(path, genome) if kind == "regions" else RECORDS[kind](path)
