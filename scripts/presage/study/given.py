"""The files that a study was given: its sheets, and all that they and the configuration name.

What the workflow makes itself (a built-in world, its own models) is not among them. Recordings are not either: the
segments table holds the SHA-256 of each.
"""

from collections.abc import Iterator
from pathlib import Path

from presage import recording_pattern
from presage.errors import UserError
from presage.study.homecage import HomeCageInputs
from presage.study.paths import PUBLIC
from presage.study.sequence import SequenceInputs

Named = Iterator[tuple[str, str | None]]
"""Pairs of a config key and a path that it names, None where it names none."""


def given_files(sequence: SequenceInputs | None, homecage: HomeCageInputs | None) -> list[str]:
    """Paths of files and folders, sorted. Public data stands with the path that it is downloaded to."""
    return sorted({path for _, path in _given(sequence, homecage)})


def check_given(sequence: SequenceInputs | None, homecage: HomeCageInputs | None) -> None:
    """Every given file is there, or will be downloaded, and labels files have their columns.

    Raises :class:`UserError` with the key of the first file that is not there: Snakemake would name a rule instead,
    which is no word of the user's.
    """
    for key, path in absent(sequence, homecage):
        raise UserError(f"config key {key}", f"{path} does not exist", f"correct the path (it starts at {Path.cwd()})")
    if sequence:
        sequence.check_labels()


def absent(sequence: SequenceInputs | None, homecage: HomeCageInputs | None) -> list[tuple[str, str]]:
    """Config key and path of each given file that is neither there nor will be downloaded."""
    given = _given(sequence, homecage)
    return [(key, path) for key, path in given if not path.startswith(PUBLIC) and not Path(path).exists()]


def _given(sequence: SequenceInputs | None, homecage: HomeCageInputs | None) -> Iterator[tuple[str, str]]:
    if sequence:
        yield from _in_use("sequence", sequence.folder, _sequence(sequence))
    if homecage:
        yield from _in_use("homecage", homecage.folder, _homecage(homecage))


def _in_use(branch: str, world: str, named: Named) -> Iterator[tuple[str, str]]:
    """Without keys that name nothing, and without what the built-in world makes in its folder."""
    return ((f"{branch}.{key}", path) for key, path in named if path and not path.startswith(f"{world}/"))


def _sequence(own: SequenceInputs) -> Named:
    yield from (("samples", own.config.samples), *(("samples", path) for path in own.sample_files))
    yield from (("reference.fasta", own.fasta), ("reference.gtf", own.gtf), ("reference.blacklist", own.blacklist))
    yield from (("reference.windows", own.published_windows), ("tfrecords", own.tfrecords))
    yield from (("trunk", path) for path in own.trunk_files)
    yield from (("trunk.bulk", path) for path in (own.bulk_files if own.bulk_sheet else ()))
    yield from (("adapt.given", path) for path in own.adapter_files)
    yield from (("trunk.windows", own.trunk_windows), ("ism.motifs", own.motifs), ("mpra.table", own.mpra))
    for name, variants in own.variant_sets.items():
        key = f"variants.sets.{name}"
        yield from ((f"{key}.vcf", variants.vcf), (f"{key}.null_set", variants.null_file))
        yield f"{key}.calibration", variants.calibration
    yield from ((f"variants.sets.{name}.benchmark", path) for name, path in own.variant_benchmarks.items())


def _homecage(own: HomeCageInputs) -> Named:
    segments, pose = own.config.segments or "", own.config.pose
    yield from (("cages", own.cages), ("events", own.events))
    yield "segments", None if recording_pattern.is_pattern(segments) else segments
    yield from (("pose.project", own.labelled), ("pose.model", pose.model), ("pose.start", pose.start))
    yield "pose.reference.path", own.pose_reference
    yield from ((f"dss.{name}", path) for name, path in own.dss_files.items())
    yield from ((f"readings.sources, {source.name}: path", source.path) for source in own.sources)
