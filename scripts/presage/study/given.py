"""The files that a study was given: its sheets, and all that they and the configuration name.

What the workflow makes itself (a built-in world, its own models) is not among them. Recordings are not either: the
segments table holds the SHA-256 of each.
"""

from collections.abc import Iterable

from presage import recording_pattern
from presage.study.homecage import HomeCageInputs
from presage.study.sequence import SequenceInputs


def given_files(sequence: SequenceInputs | None, homecage: HomeCageInputs | None) -> list[str]:
    """Paths of files and folders, sorted. Public data stands with the path that it is downloaded to."""
    found = {*(_sequence(sequence) if sequence else ()), *(_homecage(homecage) if homecage else ())}
    made = tuple(f"{one.folder}/" for one in (sequence, homecage) if one)
    return sorted(path for path in found if path and not path.startswith(made))


def _sequence(own: SequenceInputs) -> Iterable[str | None]:
    yield from (own.config.samples, *own.sample_files, own.fasta, own.gtf, own.blacklist, own.published_windows)
    yield from (own.tfrecords, *own.trunk_files, own.trunk_windows, own.motifs, own.mpra)
    for variants in own.variant_sets.values():
        yield from (variants.vcf, variants.null_file, variants.calibration)
    yield from own.variant_benchmarks.values()


def _homecage(own: HomeCageInputs) -> Iterable[str | None]:
    segments, pose = own.config.segments or "", own.config.pose
    yield from (own.cages, own.events, None if recording_pattern.is_pattern(segments) else segments)
    yield from (own.labelled, pose.model, pose.start, own.pose_reference, *own.dss_files.values())
    yield from (source.path for source in own.sources)
