"""Where a run's inputs are: the built-in world's files, or those of the user's sheets and the data registry.

Light on purpose: the Snakefile asks here, and no input file but the sheets is opened.
"""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from presage import data_registry, sheets
from presage.barcode_rule import PLAIN
from presage.config.distress import Source
from presage.config.genome_world import ISM_REGION
from presage.config.pose import Recording
from presage.config.report import FIGURES
from presage.config.root import Config, HomeCage, Sequence
from presage.config.trunk import Trunk
from presage.config.variants import MATCHED
from presage.errors import UserError
from presage.homecage.clock import cage_day, to_utc
from presage.sequence.assemblies import ASSEMBLIES
from presage.sheets import CLUSTER, WHOLE, Sample, Segment
from presage.variant_files import KINDS, kind_of

INDEXED = ("bam", "bam_atac")
READS = (*INDEXED, "fragments")
PUBLIC = "resources/public"
PUBLIC_FILES, PUBLIC_FOLDERS = f"{PUBLIC}/files", f"{PUBLIC}/folders"


def located(path: str) -> str:
    """The path of an input: a registry name is downloaded to ``resources/public``, all else is taken as it is.

    Raises :class:`UserError` for a registry name that does not exist.
    """
    if not path.startswith(data_registry.PREFIX):
        return path
    name = path.removeprefix(data_registry.PREFIX)
    data_registry.members(name)
    return f"{PUBLIC_FOLDERS}/{name.rstrip('/')}" if name.endswith("/") else f"{PUBLIC_FILES}/{name}"


def is_clustered(row: Sample) -> bool:
    """Whether a row's cells are labelled by clustering: RNA whose labels say so, and a BAM without labels or type."""
    if row.kind not in ("bam", "h5ad"):
        return False
    return row.labels == CLUSTER or (row.kind == "bam" and not row.labels and not row.cell_type)


def with_labels(rows: list[Sample], clusters: str, sheet: str) -> list[Sample]:
    """Sample rows with every ``cluster`` and every inherited label in its place. ``clusters``: the clustering's file.

    ATAC without labels takes those of the RNA row with the same sample name (multiome), where that has some.
    Raises :class:`UserError` naming the ``sheet``'s sample where there are none.
    """
    # The clustering spells barcodes as the reads do, whatever rule the study's other labels follow.
    settled = [replace(r, labels=clusters, barcodes=PLAIN) if is_clustered(r) else r for r in rows]
    rna = {r.sample: r for r in settled if r.kind in ("bam", "h5ad")}
    return [_atac_labels(row, rna.get(row.sample), sheet) for row in settled]


def _atac_labels(row: Sample, rna: Sample | None, sheet: str) -> Sample:
    open_question = row.labels == CLUSTER or (not row.labels and not row.cell_type)
    if row.kind not in ("fragments", "bam_atac") or not open_question:
        return row
    labels = (rna.labels or (rna.path if rna.kind == "h5ad" and not rna.cell_type else "")) if rna else ""
    if rna is None or labels in ("", WHOLE):
        raise UserError(
            f"{sheet} sample {row.sample} ({row.kind})",
            "has no labels, and no RNA row of the same name has any",
            "set labels to a file, or to whole for one pseudobulk",
        )
    return replace(row, labels=labels, barcodes=row.barcodes or rna.barcodes)


@dataclass(frozen=True)
class VariantSet:
    """Variants to score, the null set that calibrates their p-values (a path, or ``matched``) with its name in words,
    and measured effects."""

    vcf: str
    null: str | None
    null_name: str | None = None
    calibration: str | None = None

    @property
    def null_file(self) -> str | None:
        """The null set, where it is a file."""
        return None if self.null == MATCHED else self.null


class SequenceInputs:
    """Input paths of the sequence branch."""

    def __init__(self, config: Sequence, world_folder: str, cluster_labels: str = "") -> None:
        self.config, self.world, self.folder = config, config.world, world_folder
        self.cluster_labels = cluster_labels

    @property
    def fasta(self) -> str:
        """The genome."""
        return f"{self.folder}/genome.fa" if self.world else located(self.config.reference.fasta or "")

    @property
    def gtf(self) -> str | None:
        """The gene annotation, if there is one."""
        if self.world:
            return f"{self.folder}/genes.gtf"
        return located(self.config.reference.gtf) if self.config.reference.gtf else None

    @functools.cached_property
    def samples(self) -> list[Sample]:
        """The rows of the sample sheet, with paths that exist when their job runs, and labels as the job reads them.

        A row's labels are a file (that of the clustering, where its cells are clustered), ``whole``, or empty where an
        h5ad labels itself or the row names its cell type.
        """
        return with_labels(self._rows, self.cluster_labels, str(self.config.samples))

    @property
    def clustered(self) -> list[Sample]:
        """The rows whose cells are clustered together, their barcodes spelled as they are."""
        return [replace(row, barcodes=PLAIN) for row in self._rows if is_clustered(row)]

    @property
    def cluster_files(self) -> list[str]:
        """Every file that the clustering reads besides the reference."""
        return self._files(self.clustered)

    @functools.cached_property
    def _rows(self) -> list[Sample]:
        if self.world:
            rows = [Sample(**row) for row in self.world.sample_rows]
            return [self._in_world(row) for row in rows]
        if self.config.samples is None:
            return []
        rows = sheets.read_samples(Path(self.config.samples))
        return [
            Sample(**{**vars(r), **{k: located(getattr(r, k)) for k in ("path", "labels", "genome")}}) for r in rows
        ]

    def _in_world(self, row: Sample) -> Sample:
        labels = f"{self.folder}/{row.labels}" if row.labels else ""
        return Sample(**{**vars(row), "path": f"{self.folder}/{row.path}", "labels": labels})

    @functools.cached_property
    def sources(self) -> dict[str, Sample]:
        """Samples that consist of reads, by a name that is safe in paths and wildcards."""
        found: dict[str, Sample] = {}
        for row in self.samples:
            if row.kind in READS:
                stem = f"{re.sub('[^A-Za-z0-9_-]+', '_', row.sample)}.{row.kind}"
                endings = itertools.chain([""], (f"-{i}" for i in itertools.count(2)))
                name = next(stem + ending for ending in endings if stem + ending not in found)
                found[name] = row
        return found

    def parts(self, source: str) -> list[tuple[str, str]]:
        """The (source, part) jobs that read a sample. A fragments file is read from front to end, by one."""
        parts = self.config.pseudobulk.parts if self.sources[source].kind in INDEXED else 1
        return [(source, str(part)) for part in range(parts)]

    def source_files(self, source: str) -> list[str]:
        """Every file that the jobs of one sample read, a BAM's index included."""
        return self._files([self.sources[source]])

    @property
    def finished_files(self) -> list[str]:
        """Files of the samples that are no reads: counts and finished coverage."""
        return self._files([row for row in self.samples if row.kind not in READS])

    @property
    def has_coverage(self) -> bool:
        """Whether the samples yield tracks: an h5ad has counts only."""
        return any(row.kind != "h5ad" for row in self.samples)

    @property
    def has_tracks(self) -> bool:
        """Whether there is coverage to fit adapters to, from samples or from a TFRecord set."""
        return self.config.tfrecords is not None or self.has_coverage

    def _files(self, rows: list[Sample]) -> list[str]:
        """Every file that jobs of these rows read, a BAM's index included."""
        files = [r.path for r in rows] + [r.labels for r in rows if r.labels not in ("", CLUSTER, WHOLE)]
        files += [r.genome for r in rows if r.genome not in ("", "header")]
        files += [f"{r.path}.bai" for r in rows if r.kind in INDEXED and self._makes_index(r.path)]
        return sorted(set(files))

    def _makes_index(self, path: str) -> bool:
        """Indexes that the workflow itself makes are inputs; a user's own is looked for by the job."""
        return bool(self.world) or path.startswith(PUBLIC)

    @property
    def variant_sets(self) -> dict[str, VariantSet]:
        """Variant files by the name of their set. Empty paths are the built-in world's; elsewhere nulls are drawn.

        Raises :class:`UserError` for a file whose name does not tell a kind that can be read.
        """
        sets = {}
        for name, given in self.config.variants.sets.items():
            vcf = located(given.vcf) if given.vcf else self._of_world("variants")
            null = given.null_set
            if null == "":
                null = self._of_world("null") or MATCHED
            elif null and null != MATCHED:
                null = located(null)
            calibration = located(given.calibration or "")
            _check_kind(f"{name}.vcf", vcf, KINDS)
            _check_kind(f"{name}.null_set", "" if null == MATCHED else null or "", KINDS)
            _check_kind(f"{name}.calibration", calibration, ("table",))
            if vcf:
                shown = "planted" if self.world and given.null_set == "" else Path(null or "").name
                sets[name] = VariantSet(vcf, null or None, shown if null else None, calibration or None)
        return sets

    def _of_world(self, stem: str) -> str:
        return f"{self.folder}/{stem}.vcf.gz" if self.world else ""

    @property
    def ism_regions(self) -> list[str]:
        """Names of the regions for in-silico mutagenesis. Where none is given the built-in world has one of its own."""
        given = self.config.ism.regions
        return list(given) if given else [ISM_REGION] if self.world and given is not None else []

    @property
    def ism_planted(self) -> str | None:
        """BED of the built-in world's own region, where that is used."""
        return f"{self.folder}/ism.bed" if self.world and not self.config.ism.regions else None

    @property
    def motifs(self) -> str | None:
        """Motifs (MEME) that seqlets are named by. An empty path is the built-in world's, and nothing elsewhere."""
        given = self.config.ism.motifs
        if given:
            return located(given)
        return f"{self.folder}/motifs.meme" if self.world and given is not None else None

    @property
    def mpra(self) -> str | None:
        """The reporter assay's table, if there is one."""
        return located(self.config.mpra.table) if self.config.mpra else None

    @property
    def published_windows(self) -> str | None:
        """BED of published windows, if they are reused."""
        return located(self.config.reference.windows) if self.config.reference.windows else None

    @property
    def blacklist(self) -> str | None:
        """BED of artefact regions: the configured one (an empty path is none), else the preset's."""
        given, preset = self.config.reference.blacklist, self.config.reference.preset
        if given is None and preset:
            given = ASSEMBLIES[preset].blacklist
        return located(given) if given else None

    @property
    def tfrecords(self) -> str | None:
        """Folder of a baskerville TFRecord set that takes the place of pseudobulk tracks."""
        return located(self.config.tfrecords) if self.config.tfrecords else None

    @property
    def trunk(self) -> Trunk:
        """The trunk's settings with paths that exist when their job runs."""
        trunk = self.config.trunk
        given = {"path": trunk.path, "params": trunk.params, "targets": trunk.targets}
        return trunk.model_copy(update={key: located(path) for key, path in given.items() if path})

    @property
    def trunk_files(self) -> list[str]:
        """Files of a trunk that was trained elsewhere."""
        trunk = self.trunk
        if trunk.kind == "presage":
            return [f"{trunk.path}/trunk.safetensors", f"{trunk.path}/card.json"]
        if trunk.kind in ("huggingface", "enformer"):
            return [*(_weights(trunk.path) if trunk.path else []), *([trunk.targets] if trunk.targets else [])]
        return [path for path in (trunk.path, trunk.params, trunk.targets) if path]

    @property
    def world_files(self) -> list[str]:
        """Files that the genome world consists of, without its folders."""
        if self.world is None:
            return []
        names = ["genome.fa", "genes.gtf", "samples.tsv", "cells.h5ad", "ism.bed", "motifs.meme"]
        names += [f"{vcf}.vcf.gz{index}" for vcf in ("variants", "null") for index in ("", ".tbi")]
        index = {"bam": ".bai", "fragments": ".tbi"}
        names += [row["path"] + end for row in self.world.sample_rows for end in ("", index[row["kind"]])]
        return [f"{self.folder}/{name}" for name in names]

    @property
    def world_folders(self) -> list[str]:
        """Folders of the genome world: bulk coverage, and the planted truth."""
        return [f"{self.folder}/bulk", f"{self.folder}/truth"] if self.world else []

    @property
    def truth(self) -> list[str]:
        """The planted truth, where there is one."""
        return [f"{self.folder}/truth"] if self.world else []

    def check(self) -> None:
        """Resolve everything once, so that a bad sheet or name stops before any job. Raises :class:`UserError`."""
        _ = self.samples, self.fasta, self.gtf, self.blacklist, self.variant_sets, self.trunk_files, self.tfrecords
        asked_for = {"variants.sets": self.variant_sets, "ism.regions": self.ism_regions, "mpra": self.mpra}
        _ = self.motifs
        for key, asked in asked_for.items():
            if asked and not self.has_tracks:
                raise UserError(
                    f"config key sequence.{key}",
                    "nothing can be scored: the samples have counts only, and no track to fit a model to",
                    "add a sample with coverage (bam, fragments, bigwig), or leave the key out",
                )


class HomeCageInputs:
    """Input paths of the home-cage branch."""

    def __init__(self, config: HomeCage, world_folder: str) -> None:
        self.config, self.world, self.folder = config, config.world, world_folder

    @property
    def cages(self) -> str | None:
        """The cage sheet."""
        return f"{self.folder}/cages.tsv" if self.world else self.config.cages

    @property
    def events(self) -> str | None:
        """The events sheet."""
        return f"{self.folder}/events.tsv" if self.world else self.config.events

    @property
    def labelled(self) -> str | None:
        """The labelled DeepLabCut project that the pose model is trained on."""
        if self.world:
            return f"{self.folder}/labelled"
        return located(self.config.pose.project) if self.config.pose.project else None

    @functools.cached_property
    def segments(self) -> dict[tuple[str, str], list[Segment]]:
        """The user's segments by (cage, cage-day); empty for the built-in world, whose settings give the cage-days."""
        if self.world or self.config.segments is None:
            return {}
        days: dict[tuple[str, str], list[Segment]] = defaultdict(list)
        recording = self.config.recording
        for row in sheets.read_segments(Path(self.config.segments)):
            start = to_utc(row.start, recording.zone, self.config.segments)
            day = cage_day(start, recording.zone, recording.lights_on_time)
            days[row.cage, day.isoformat()].append(Segment(row.cage, row.start, located(row.path), row.fps))
        return dict(days)

    @property
    def cage_days(self) -> list[tuple[str, str]]:
        """Every (cage, cage-day) with segments: the unit of a job."""
        return list(self.world.video_cage_days) if self.world else sorted(self.segments)

    def manifest(self, cage: str, date: str) -> list[list[object]]:
        """One cage-day's segments as rows of cage, start, path, fps, size and mtime: parameters, not declared inputs.

        72,000 declared inputs cost 18 s and 338 MB in a dry run, the same as parameters 10 s and 214 MB.
        """
        rows: list[list[object]] = []
        for s in self.segments.get((cage, date), []):
            if s.path.startswith(PUBLIC):
                rows.append([s.cage, s.start, s.path, s.fps, None, None])
                continue
            try:
                stat = Path(s.path).stat()
            except FileNotFoundError:
                raise UserError(
                    s.path, "has vanished since the sheet was read", "restore it or remove its row"
                ) from None
            rows.append([s.cage, s.start, s.path, s.fps, stat.st_size, int(stat.st_mtime)])
        return rows

    def paths(self, cage: str, date: str) -> list[str]:
        """Files of one cage-day, as far as the sheet tells (the built-in world's are known to its jobs only)."""
        return [segment.path for segment in self.segments.get((cage, date), [])]

    def has_video(self, cage: str, date: str) -> bool:
        """Whether a cage-day holds video, which needs the pose model."""
        if self.world:
            return (cage, date) in self._rendered
        return any(Path(path).suffix.lower() in sheets.VIDEO for path in self.paths(cage, date))

    @functools.cached_property
    def _rendered(self) -> set[tuple[str, str]]:
        return set(self.world.rendered_cage_days) if self.world else set()

    def pose_model(self, trained: str) -> str:
        """Folder of the pose model: ``trained`` when it is trained in this run, else the one that the config names.

        Raises :class:`UserError` when there is video but neither.
        """
        if self.labelled:
            return trained
        if self.config.pose.model is None:
            raise UserError("config key homecage.pose", "there is video but no model", "set pose.project or pose.model")
        return self.config.pose.model

    @property
    def pose_reference(self) -> str | None:
        """Pose of one cage-day by somebody else."""
        reference = self.config.pose.reference
        return located(reference.path) if reference else None

    @property
    def recording(self) -> Recording:
        """Clock, lights and schedule: the built-in world brings its own."""
        if self.world is None:
            return self.config.recording
        return Recording(
            time_zone=self.world.time_zone,
            lights_on=self.world.lights_on,
            lights_off=self.world.lights_off,
            schedule_period_s=self.world.schedule_period_s,
            schedule_length_s=self.world.schedule_length_s,
            on_bad_segment=self.config.recording.on_bad_segment,
        )

    @property
    def world_files(self) -> list[str]:
        """Sheets of the vivarium world."""
        names = ("segments.tsv", "cages.tsv", "events.tsv", "weights.tsv")
        return [f"{self.folder}/{name}" for name in names] if self.world else []

    @property
    def world_folders(self) -> list[str]:
        """Folders of the vivarium world."""
        names = ("video", "pose", "labelled", "readings", "truth")
        return [f"{self.folder}/{name}" for name in names] if self.world else []

    @property
    def world_recordings(self) -> list[str]:
        """What a cage-day's job of the vivarium world reads."""
        return [f"{self.folder}/{name}" for name in ("segments.tsv", "video", "pose")] if self.world else []

    @property
    def sources(self) -> list[Source]:
        """Readings that come from other sensors."""
        own = [s.model_copy(update={"path": located(s.path)}) for s in self.config.readings.sources]
        if self.world:
            own.append(Source(name="colony", kind="readings", path=f"{self.folder}/readings"))
        return own

    @property
    def truth(self) -> list[str]:
        """True onsets, in the built-in world: for evaluation only, never for judging."""
        return [f"{self.folder}/truth"] if self.world else []

    @property
    def dss_files(self) -> dict[str, str]:
        """Files of the DSS protocol: the healthy mice that fix the detector, and the DSS mice."""
        dss = self.config.dss
        return {"healthy": located(dss.healthy), "path": located(dss.path)} if dss else {}

    def check(self) -> None:
        """Resolve everything once, so that a bad sheet or name stops before any job. Raises :class:`UserError`."""
        if self.cages and not self.world:
            sheets.read_cages(Path(self.cages))
        _ = self.segments, self.sources, self.dss_files, self.labelled


def _check_kind(key: str, path: str, allowed: Collection[str]) -> None:
    if path and (kind_of(path) or "") not in allowed:
        endings = ", ".join(ending for kind in allowed for ending in KINDS[kind])
        raise UserError(
            f"config key sequence.variants.sets.{key}",
            f"{path} is of no kind that can be read here",
            f"give a file that ends in {endings}, or that and .gz",
        )


def _weights(folder: str) -> list[str]:
    """Config and weights in a folder as save_pretrained leaves it: safetensors, or a torch state dict instead."""
    new, old = f"{folder}/model.safetensors", f"{folder}/pytorch_model.bin"
    return [f"{folder}/config.json", old if Path(old).exists() and not Path(new).exists() else new]


def figures(config: Config, branch: str) -> list[str]:
    """Stems of the figures that a run of ``config`` can draw for ``branch``."""
    sequence, homecage = config.sequence, config.homecage
    absent: set[str] = set()
    if sequence and not (sequence.world or sequence.samples):
        absent.add("fig1_pseudobulk")
    if sequence and not (sequence.world or sequence.variants.sets):
        absent.add("fig4_variants")
    if sequence and not SequenceInputs(sequence, "").has_tracks:
        absent |= {"fig2_adapters", "fig3_tracks", "fig4_variants"}
    if homecage:
        inputs = HomeCageInputs(homecage, "")
        if not inputs.labelled:
            absent.add("fig5_pose")
        if not inputs.cages:
            absent |= {"fig6_activity", "fig7_alarms", "fig8_cage"}
        if homecage.dss is None:
            absent.add("fig9_dss")
    return [stem for stem, owner in FIGURES.items() if owner == branch and stem not in absent]


def simulated(config: Config) -> dict[str, bool]:
    """Which branch's numbers are simulated."""
    return {
        "sequence": bool(config.sequence and config.sequence.world),
        "homecage": bool(config.homecage and config.homecage.world),
    }
