"""Contig names: matched between files that spell them differently, and refused where they could mean two things."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from presage.errors import UserError
from presage.sequence.reference.assemblies import chromosome, guess_assembly, is_accession

__all__ = ["ContigMap", "guess_assembly", "map_contigs", "match_contigs"]


@dataclass(frozen=True)
class ContigMap:
    """Contig names of a file -> names of the reference, and what is not in it.

    Attributes
    ----------
    names : dict of file name -> reference name, in file order
    renamed : the part of ``names`` where the two differ (chr1, 1 and NC_000001.11; MT and chrM)
    missing : names of the file that the reference lacks, or that are ambiguous
    ambiguous : the part of ``missing`` that has a counterpart, but not the only one: two names of the file could be the
        same reference contig (chrM and MT), or one could be either of two
    """

    names: dict[str, str]
    renamed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)


def map_contigs(names: Iterable[str], reference: Iterable[str]) -> ContigMap:
    """Match contigs by name, else by what they are called without ``chr``, with M = MT and RefSeq accessions known.

    A match other than by name must be unambiguous on both sides. Two accessions never stand for each other: they are
    versions of a chromosome, so two builds.
    """
    names, reference = list(names), list(reference)
    exact = set(names) & set(reference)
    ours = _by_chromosome(name for name in names if name not in exact)
    theirs = _by_chromosome(name for name in reference if name not in exact)
    taken = {chromosome(name) for name in exact}
    renamed, ambiguous = {}, set()
    for alias, found in ours.items():
        versions = any(map(is_accession, found))
        there = [name for name in theirs.get(alias, []) if not (versions and is_accession(name))]
        if len(found) == len(there) == 1:
            renamed[found[0]] = there[0]
        elif there or alias in taken:
            ambiguous |= set(found)
    mapped = {name: renamed.get(name, name) for name in names if name in exact or name in renamed}
    missing = [name for name in names if name not in mapped]
    return ContigMap(mapped, renamed, missing, [name for name in missing if name in ambiguous])


def match_contigs(where: str | Path, lengths: Mapping[str, int | None], reference: Mapping[str, int]) -> ContigMap:
    """As :func:`map_contigs`, for a file whose contig lengths are known (or None).

    Lengths decide between names that are ambiguous: of ``chrM`` (16,571 bp) and ``chrMT`` (16,569 bp) the one that is
    as long as the genome's ``MT`` is taken. A mitochondrion of another length is no other build and is left out alone
    (it is in ``missing``): UCSC's hg19 carries an older human mitochondrion than every other copy of that build, so a
    file on UCSC's hg19 and a genome of Ensembl's differ there and nowhere else. Its coordinates cannot be used.

    Raises
    ------
    UserError
        when nothing matches; when a contig has another length in the genome, or RefSeq accessions are another build's
        (then the file belongs to another genome); and when two contigs of the file could be the same one of the genome
        and lengths do not tell them apart (a file that two pipelines wrote: half its data would go missing unseen)
    """
    found = map_contigs(lengths, reference)
    names = {**found.names, **_decide(where, found, lengths, reference)}
    _check_accessions(where, names, reference)
    other = [name for name in names if lengths[name] not in (None, reference[names[name]])]
    nuclear = [name for name in other if chromosome(name) != "MT"]
    names = {name: names[name] for name in lengths if name in names and name not in other}
    if nuclear or (other and not names):
        _refuse(where, (nuclear or other)[0], lengths, reference, {**found.names, **names})
    if not names:
        shown = f"{', '.join(list(lengths)[:3])} ... against {', '.join(list(reference)[:3])} ..."
        raise UserError(where, f"no contig name matches the genome's ({shown})", "give the genome it was made with")
    renamed = {ours: theirs for ours, theirs in names.items() if ours != theirs}
    missing = [name for name in lengths if name not in names]
    return ContigMap(names, renamed, missing, [name for name in found.ambiguous if name not in names])


def _decide(
    where: str | Path, found: ContigMap, lengths: Mapping[str, int | None], reference: Mapping[str, int]
) -> dict[str, str]:
    """File name -> reference name for those ambiguous names that lengths tell apart."""
    chosen: dict[str, str] = {}
    for alias, ours in _by_chromosome(found.ambiguous).items():
        rivals = [name for name in found.names if chromosome(name) == alias]
        targets = [name for name in reference if chromosome(name) == alias]
        fits = [(o, t) for o in (*rivals, *ours) for t in targets if lengths[o] in (None, reference[t])]
        fitting = list(dict.fromkeys(name for name, _ in fits))
        if len(fitting) > 1:
            both = " and ".join(fitting)
            raise UserError(where, f"contigs {both} could both be the genome's {targets[0]}", "rename or remove one")
        if len(fits) == 1:
            chosen.update(fits)
    return chosen


def _check_accessions(where: str | Path, names: Mapping[str, str], reference: Mapping[str, int]) -> None:
    accessions = dict.fromkeys(name for name in names if is_accession(name) and chromosome(name) != "MT")
    theirs, ours = guess_assembly(accessions), guess_assembly(reference)
    if theirs and ours and theirs != ours:
        shown = next(iter(accessions))
        raise UserError(where, f"contig {shown} is of {theirs} and the genome is {ours}", f"give the file for {ours}")


def _refuse(
    where: str | Path,
    name: str,
    lengths: Mapping[str, int | None],
    reference: Mapping[str, int],
    names: Mapping[str, str],
) -> None:
    builds = [f" ({build})" if build else "" for build in (guess_assembly(lengths), guess_assembly(reference))]
    raise UserError(
        where,
        f"contig {name} is {lengths[name]:,} bp here{builds[0]} and {reference[names[name]]:,} bp in the genome"
        f"{builds[1]}",
        "give the genome it was made with",
    )


def _by_chromosome(names: Iterable[str]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name in names:
        out.setdefault(chromosome(name), []).append(name)
    return out
