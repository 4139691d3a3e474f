"""How large a study is: trunk, windows, tracks, variants. Read where the run has made them, else from its input."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from presage.config.adapt import AdaptRun
from presage.config.root import Sequence
from presage.config.trunk import Trunk
from presage.config.variants import MATCHED
from presage.errors import UserError
from presage.sequence.cost.at_hand import at_hand
from presage.sequence.cost.labels import labelled_tracks
from presage.sequence.cost.windows import Counted, contigs, count_published, count_windows
from presage.sequence.model.shape import read_card, shape_of
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.tfrecords import read_targets_txt
from presage.sequence.trunk.family import AnyShape
from presage.sequence.trunk.presets import BORZOI, FLASHZOI, PRIME
from presage.sequence.variants.readers import RECORDS
from presage.sequence.variants.readers.bed import regions
from presage.study.sequence import SequenceInputs, VariantSet
from presage.variant_files import kind_of

ALL, FITTED = "all", "fitted"


class Adapted(NamedTuple):
    """An adapter that predicts: how it lies in the trunk, its tracks, its seeds, and whether it is fitted here."""

    run: AdaptRun
    tracks: int
    seeds: int
    fitted: bool


@dataclass(frozen=True)
class Sizes:
    """What a study's cost depends on beside its settings.

    Attributes
    ----------
    windows : by fold, of the set that adapters are fitted to
    bulk_windows : by fold, of the set that the trunk itself is trained on, where the run has it
    tracks : ``all`` of the set that adapters are fitted to, and those ``fitted`` (``adapt.tracks``)
    bulk_tracks : of the set that a trunk of kind train learns
    adapters : by name, in the order in which one is taken where none is named
    alleles : of each variant set the ``alleles`` and, among them, ``indels``, with the null set's, and as how many
        ``roles`` (variants, null, measured) jobs score them; None: no file yet
    """

    shape: AnyShape
    shape_source: str
    windows: Counted
    bulk_windows: Counted | None
    tracks: Counted
    bulk_tracks: int
    adapters: dict[str, Adapted]
    genome_bp: int
    alleles: dict[str, Counted | None]

    @property
    def fitted(self) -> list[Adapted]:
        """The adapters that are fitted here."""
        return [adapter for adapter in self.adapters.values() if adapter.fitted]


def measure(inputs: SequenceInputs, folder: str, assumed_tracks: int) -> Sizes:
    """Sizes of the study whose results lie, or will lie, in ``folder`` (``<results>/<run>``).

    Raises :class:`UserError` that names what is missing where windows or the trunk's shape cannot be told.
    """
    branch, results = inputs.config, Path(folder) / "sequence"
    shape, shape_source = trunk_shape(inputs.trunk)
    genome = contigs(branch, inputs.fasta, results / "reference")
    if branch.tfrecords:
        windows = count_published(_tfrecords(branch, "sequences.bed"), branch.reference)
    else:
        windows = count_windows(branch.reference, shape, genome, results / "reference")
    tracks = _tracks(branch, inputs, results, assumed_tracks)
    return Sizes(
        shape,
        shape_source,
        windows,
        windows if branch.tfrecords or branch.trunk.kind == "train" else None,
        tracks,
        _bulk_tracks(branch, inputs),
        _adapters(inputs, tracks.value[FITTED]),
        sum(genome.lengths.values()),
        {name: count_alleles(branch, inputs, given) for name, given in inputs.variant_sets.items()},
    )


def trunk_shape(trunk: Trunk) -> tuple[AnyShape, str]:
    """Shape of the trunk, and in words where it comes from.

    While its files are not there, a path or repository whose name begins as a published trunk's stands for that one.
    """
    found = {key: str(at_hand(path)) for key in ("path", "params") if (path := getattr(trunk, key))}
    try:
        return shape_of(trunk.model_copy(update=found)), "its settings" if trunk.kind == "train" else "its files"
    except UserError as error:
        names = [part.lower() for path in (*found.values(), trunk.repository or "") for part in Path(path).parts]
        for published, shape in {"borzoi": BORZOI, "flashzoi": FLASHZOI, "prime": PRIME}.items():
            if any(name.startswith(published) for name in names):
                return shape, f"the published {published.title()}'s, by its name: its files are not there yet"
        raise UserError(error.where, f"{error.what}, and the cost depends on the trunk's shape", error.todo) from None


def _tfrecords(branch: Sequence, name: str) -> Path:
    return at_hand(f"{branch.tfrecords}/".replace("//", "/") + name)


def _adapters(inputs: SequenceInputs, tracks: int) -> dict[str, Adapted]:
    settings = inputs.config.adapt
    found = {run.name: Adapted(run, tracks, len(settings.seeds), True) for run in inputs.runs}
    for name, folders in inputs.given_adapters.items():
        card = read_card(at_hand(folders[0]))
        found[name] = Adapted(AdaptRun(**card["run"]), len(card["tracks"]), len(folders), False)
    return found


def _tracks(branch: Sequence, inputs: SequenceInputs, results: Path, assumed: int) -> Counted:
    if not inputs.has_tracks:
        return Counted({ALL: 0, FITTED: 0}, "nothing is fitted: there is no coverage")
    made = results / ("tfrecords" if branch.tfrecords else "pseudobulk") / "targets.zarr"
    if made.exists():
        data = TargetSet.open(made)
        return Counted({ALL: len(data.tracks), FITTED: len(data.select(branch.adapt.tracks).tracks)}, str(made))
    if branch.tfrecords:
        path = _tfrecords(branch, "targets.txt")
        table = read_targets_txt(path)
        ids = zip(table["slug"], table["name"])
        fitted = sum(any(fnmatch.fnmatchcase(i, p) for i in pair for p in branch.adapt.tracks) for pair in ids)
        return Counted({ALL: len(table), FITTED: fitted}, str(path))
    types, source = _cell_types(branch)
    if types:
        tracks = types * _lanes(branch, inputs)
    else:
        tracks, source = labelled_tracks(inputs.samples, branch.pseudobulk)
    tracks = tracks or assumed
    return Counted({ALL: tracks, FITTED: tracks}, source)


def _cell_types(branch: Sequence) -> tuple[int, str]:
    """How many cell types there will be at most, and in words who says so; 0 where the samples must be asked."""
    if branch.pseudobulk.cell_types:
        return len(branch.pseudobulk.cell_types), "at most, by pseudobulk.cell_types"
    if branch.world:
        from presage.worlds.genome.grammar import CELL_TYPES

        return len(CELL_TYPES), "the built-in world"
    return 0, ""


def _lanes(branch: Sequence, inputs: SequenceInputs) -> int:
    """Tracks of a cell type: RNA (one for each strand) and ATAC."""
    kinds = {row.kind for row in inputs.samples}
    rna = 1 + branch.pseudobulk.stranded if "bam" in kinds else 0
    return max(1, rna + bool(kinds & {"fragments", "bam_atac"}))


def _bulk_tracks(branch: Sequence, inputs: SequenceInputs) -> int:
    if branch.trunk.kind != "train":
        return 0
    if not branch.world:
        return len(inputs.bulk_files) - 1  # the first is the sheet
    from presage.worlds.genome.bulk import RANDOM_TISSUES, STRANDS, TISSUES

    return (len(TISSUES) + RANDOM_TISSUES) * (1 + len(STRANDS))


def count_alleles(branch: Sequence, inputs: SequenceInputs, given: VariantSet) -> Counted | None:
    """``alleles`` and ``indels`` of a set of variants, its null and its measurements; None where a file is missing."""
    files = [at_hand(path) for path in (given.vcf, given.null_file, given.calibration) if path]
    world = branch.world
    if all(path.exists() for path in files):
        found = [_count_alleles(path) for path in files]
        source = " and ".join(map(str, files))
    elif world and Path(given.vcf).parent == Path(inputs.folder):
        counts = [world.causal_variants + world.control_variants, world.null_variants * bool(given.null_file)]
        found = [(n, round(world.indel_share * n)) for n in counts]
        source = "the built-in world, null set included" if given.null else "the built-in world"
    else:
        return None
    if given.null == MATCHED:
        alleles, indels = found[0]
        drawn = min(branch.variants.matched_null.max, branch.variants.matched_null.per_variant * alleles)
        found.append((drawn, round(drawn * indels / max(1, alleles))))
        source += f", and {drawn:,} drawn as null set"
    counted = {"alleles": sum(n for n, _ in found), "indels": sum(n for _, n in found)}
    roles = 1 + bool(given.null) + bool(given.calibration)
    return Counted({**counted, "roles": roles}, source)


def _count_alleles(path: Path) -> tuple[int, int]:
    """Alleles of a file, and those of another length than REF."""
    kind = kind_of(path) or ""
    if kind == "regions":
        return 3 * sum(end - start for _, start, end, _ in regions(path)), 0
    alleles = indels = 0
    for site in RECORDS[kind](path):
        alleles += 1
        indels += len(site.alt) != len(site.ref)
    return alleles, indels
