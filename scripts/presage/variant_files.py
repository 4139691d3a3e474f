"""Which kinds of files variants may come in, told by the name. Light on purpose: the Snakefile asks, and opens none."""

from pathlib import Path

# kind -> endings; each may be followed by .gz or .bgz
KINDS = {"vcf": (".vcf",), "bcf": (".bcf",), "table": (".tsv", ".csv", ".txt"), "regions": (".bed",)}
_ZIPPED = (".gz", ".bgz")
ENDINGS = ", ".join(ending for endings in KINDS.values() for ending in endings)


def kind_of(path: str | Path) -> str | None:
    """vcf, bcf, table or regions by the file's name; None where it ends in none of ``ENDINGS``."""
    name = Path(path).name.lower()
    for ending in _ZIPPED:
        name = name.removesuffix(ending)
    return next((kind for kind, endings in KINDS.items() if name.endswith(endings)), None)
