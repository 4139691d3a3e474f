"""The genome builds that presage knows by their chromosomes: which build a list of contigs is, and its presets.

Lengths are bp of the assembled molecules; accessions are RefSeq's, whose version tells the build. Source: the
assembly reports of GRCh38, GRCh37, GRCm39 and GRCm38, compared with UCSC's chrom.sizes (equal but for hg19's chrM).
Light on purpose: the Snakefile asks here for a preset's blacklist.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from presage.errors import UserError

# chromosome, accession, then bp and accession version in the newer and in the older build.
_HUMAN = """
    1 NC_000001 248956422 11 249250621 10
    2 NC_000002 242193529 12 243199373 11
    3 NC_000003 198295559 12 198022430 11
    4 NC_000004 190214555 12 191154276 11
    5 NC_000005 181538259 10 180915260 9
    6 NC_000006 170805979 12 171115067 11
    7 NC_000007 159345973 14 159138663 13
    8 NC_000008 145138636 11 146364022 10
    9 NC_000009 138394717 12 141213431 11
    10 NC_000010 133797422 11 135534747 10
    11 NC_000011 135086622 10 135006516 9
    12 NC_000012 133275309 12 133851895 11
    13 NC_000013 114364328 11 115169878 10
    14 NC_000014 107043718 9 107349540 8
    15 NC_000015 101991189 10 102531392 9
    16 NC_000016 90338345 10 90354753 9
    17 NC_000017 83257441 11 81195210 10
    18 NC_000018 80373285 10 78077248 9
    19 NC_000019 58617616 10 59128983 9
    20 NC_000020 64444167 11 63025520 10
    21 NC_000021 46709983 9 48129895 8
    22 NC_000022 50818468 11 51304566 10
    X NC_000023 156040895 11 155270560 10
    Y NC_000024 57227415 10 59373566 9"""
_MOUSE = """
    1 NC_000067 195154279 7 195471971 6
    2 NC_000068 181755017 8 182113224 7
    3 NC_000069 159745316 7 160039680 6
    4 NC_000070 156860686 7 156508116 6
    5 NC_000071 151758149 7 151834684 6
    6 NC_000072 149588044 7 149736546 6
    7 NC_000073 144995196 7 145441459 6
    8 NC_000074 130127694 7 129401213 6
    9 NC_000075 124359700 7 124595110 6
    10 NC_000076 130530862 7 130694993 6
    11 NC_000077 121973369 7 122082543 6
    12 NC_000078 120092757 7 120129022 6
    13 NC_000079 120883175 7 120421639 6
    14 NC_000080 125139656 7 124902244 6
    15 NC_000081 104073951 7 104043685 6
    16 NC_000082 98008968 7 98207768 6
    17 NC_000083 95294699 7 94987271 6
    18 NC_000084 90720763 7 90702639 6
    19 NC_000085 61420004 7 61431566 6
    X NC_000086 169476592 8 171031299 7
    Y NC_000087 91455967 8 91744698 7"""


@dataclass(frozen=True)
class Assembly:
    """A genome build.

    Attributes
    ----------
    lengths : dict of chromosome (``1`` ... ``X``, ``Y``; no mitochondrion) -> bp
    accessions : dict of RefSeq accession with version -> chromosome
    blacklist : registry name of ENCODE's list of regions where coverage is an artefact; null where there is none
    """

    lengths: dict[str, int]
    accessions: dict[str, str]
    blacklist: str | None


def _assembly(text: str, column: int, blacklist: str | None) -> Assembly:
    rows = [line.split() for line in text.strip().splitlines()]
    lengths = {row[0]: int(row[column]) for row in rows}
    return Assembly(lengths, {f"{row[1]}.{row[column + 1]}": row[0] for row in rows}, blacklist)


# No blacklist was published for mm39.
ASSEMBLIES = {
    "hg38": _assembly(_HUMAN, 2, "registry:blacklist/hg38-blacklist.v2.bed.gz"),
    "hg19": _assembly(_HUMAN, 4, "registry:blacklist/hg19-blacklist.v2.bed.gz"),
    "mm39": _assembly(_MOUSE, 2, None),
    "mm10": _assembly(_MOUSE, 4, "registry:blacklist/mm10-blacklist.v2.bed.gz"),
}

# The mitochondria: rCRS, the mouse's, and the older human one that UCSC put into hg19. They tell no build.
_MITOCHONDRIA = ("NC_012920.1", "NC_005089.1", "NC_001807.4")
_ACCESSIONS = {acc: name for build in ASSEMBLIES.values() for acc, name in build.accessions.items()}
_ACCESSIONS |= dict.fromkeys(_MITOCHONDRIA, "MT")


def chromosome(contig: str) -> str:
    """One name for all of a contig's: ``1`` for ``chr1``, ``1`` and ``NC_000001.11``, ``MT`` for ``chrM``."""
    if contig in _ACCESSIONS:
        return _ACCESSIONS[contig]
    bare = contig[3:] if contig[:3].lower() == "chr" and len(contig) > 3 else contig
    return "MT" if bare in ("M", "MT") else bare


def is_accession(contig: str) -> bool:
    """Whether a contig is named by a RefSeq accession that presage knows."""
    return contig in _ACCESSIONS


def guess_assembly(lengths: Mapping[str, int | None]) -> str | None:
    """The build (hg38, hg19, mm39, mm10) whose chromosomes have these lengths or accessions; null when none does.

    ``lengths`` maps contigs, however they are spelt, to bp (or None). A part of a genome is enough, and so is one
    chromosome. Where chromosomes disagree the build that most of them fit is named, if that is more than half.
    """
    fits = {name: [_fits(build, contig, length) for contig, length in lengths.items()] for name, build in _items()}
    best = max(fits, key=lambda name: fits[name].count(True))
    yes, no = fits[best].count(True), fits[best].count(False)
    return best if yes > no else None


def _items() -> Iterable[tuple[str, Assembly]]:
    return ASSEMBLIES.items()


def _fits(build: Assembly, contig: str, length: int | None) -> bool | None:
    """Whether a contig is the build's; None where it tells nothing (not a chromosome, or its length is unknown)."""
    if contig in _ACCESSIONS and contig not in _MITOCHONDRIA:
        return contig in build.accessions
    expected = build.lengths.get(chromosome(contig))
    return None if expected is None or length is None else length == expected


def check_preset(where: object, preset: str, lengths: Mapping[str, int]) -> list[str]:
    """The genome's main chromosomes (autosomes and X) under ``preset``, in file order; a FASTA may hold a part of them.

    Y is not among them, as it is not in Borzoi's windows: half of it is unknown or repeats, and its ends are X's.

    Raises :class:`UserError` for a chromosome that has another length than the build's, and when none is there.
    """
    build = ASSEMBLIES[preset]
    for contig, length in lengths.items():
        expected = build.lengths.get(chromosome(contig))
        if expected is not None and length != expected:
            other = guess_assembly(lengths)
            here = f"{length:,} bp here ({other})" if other else f"{length:,} bp here"
            raise UserError(
                where,
                f"contig {contig} is {here} and {expected:,} bp in {preset}",
                f"give {preset}, or set reference.preset to {other or 'null'}",
            )
    main = [name for name in lengths if chromosome(name) in build.lengths and chromosome(name) != "Y"]
    if not main:
        names = ", ".join(list(lengths)[:3])
        raise UserError(where, f"holds no chromosome of {preset} ({names} ...)", "set reference.preset to null")
    return main
