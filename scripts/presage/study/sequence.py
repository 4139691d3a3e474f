"""Input paths of the sequence branch."""

import functools
import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from presage import labels_file, sheets
from presage.barcode_rule import PLAIN
from presage.config.adapt import AdaptRun
from presage.config.genome_world import ISM_REGION
from presage.config.root import Sequence
from presage.config.trunk import Trunk
from presage.config.variants import MATCHED
from presage.errors import UserError
from presage.sequence.reference.assemblies import ASSEMBLIES
from presage.sheets import CLUSTER, WHOLE, Sample
from presage.study.paths import PUBLIC, located
from presage.study.sample_rows import check_distinct, is_clustered, with_labels
from presage.variant_files import KINDS, kind_of

INDEXED = ("bam", "bam_atac")
READS = (*INDEXED, "fragments")


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
        sheet = str(self.config.samples)
        rows = with_labels(self._rows, self.cluster_labels, sheet)
        check_distinct(rows, self.cluster_labels, self.config.pseudobulk.barcodes, sheet)
        return rows

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

    @property
    def sample_files(self) -> list[str]:
        """Every file that the rows of the sample sheet name."""
        return self._files(self._rows)

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

    @property
    def runs(self) -> tuple[AdaptRun, ...]:
        """The adapters that are fitted here: none where there is nothing to fit them to."""
        return self.config.adapt.runs if self.has_tracks else ()

    @property
    def given_adapters(self) -> dict[str, list[str]]:
        """Folders of the adapters that were fitted elsewhere, one for each seed, by name."""
        return {name: [located(folder) for folder in own] for name, own in self.config.adapt.folders.items()}

    @property
    def scorers(self) -> list[str]:
        """Names of all adapters that can predict: those that are fitted here, then those that were elsewhere."""
        return [*(run.name for run in self.runs), *self.given_adapters]

    @property
    def adapter_files(self) -> list[str]:
        """Files of the adapters that were fitted elsewhere."""
        folders = [folder for own in self.given_adapters.values() for folder in own]
        return [f"{folder}/{name}" for folder in folders for name in ("adapter.safetensors", "card.json")]

    def check_labels(self) -> None:
        """The headers of given labels files, before any job. Raises :class:`UserError`.

        Text only: of an h5ad, and of public data that is not here yet, the job tells.
        """
        for path in sorted({row.labels for row in self.samples} - {"", WHOLE, self.cluster_labels}):
            if columns := labels_file.header(path):
                labels_file.check_columns(path, columns, self.config.pseudobulk.label_column)

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

    @property
    def variant_benchmarks(self) -> dict[str, str]:
        """Tables of labelled variants by the name of their set."""
        given = self.config.variants.sets.items()
        return {name: located(one.benchmark) for name, one in given if one.benchmark and name in self.variant_sets}

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
    def trunk_windows(self) -> str | None:
        """The windows and folds that a trunk from elsewhere was trained with, where they are not the study's."""
        return located(self.config.trunk.windows) if self.config.trunk.windows else None

    @property
    def bulk_sheet(self) -> str | None:
        """The sheet of the bulk tracks that a trunk is trained on, where it is trained here."""
        if self.config.trunk.kind != "train":
            return None
        return f"{self.folder}/bulk/tracks.tsv" if self.world else self.config.trunk.bulk

    @functools.cached_property
    def bulk_files(self) -> list[str]:
        """The sheet of bulk tracks with the bigWigs that it names: for the built-in world its folder."""
        if self.world:
            return [f"{self.folder}/bulk"]
        sheet = self.bulk_sheet
        return [sheet, *(located(row.path) for row in sheets.read_bulk(Path(sheet)))] if sheet else []

    @property
    def folds_known(self) -> bool:
        """Whether it is known what the trunk was trained on: it is trained here, or its windows are given."""
        given = self.config.reference.windows or self.config.trunk.windows
        return self.config.trunk.kind == "train" or bool(given)

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
        _ = self.motifs, self.bulk_files
        for key, asked in asked_for.items():
            if asked and not self.scorers:
                raise UserError(
                    f"config key sequence.{key}",
                    "nothing can be scored: the samples have counts only, and no track to fit a model to",
                    "add a sample with coverage (bam, fragments, bigwig), give a fitted adapter (adapt.given), or "
                    "leave the key out",
                )
        for key, named in self.config.named_scorers:
            if self.scorers and named not in self.scorers:
                raise UserError(
                    f"config key sequence.{key}.adapter",
                    f"{named} cannot be fitted: no sample has coverage",
                    f"name one of {', '.join(self.scorers)}, or add a sample with coverage",
                )


def _check_kind(key: str, path: str, allowed: Collection[str]) -> None:
    if path and (kind_of(path) or "") not in allowed:
        endings = ", ".join(ending for kind in allowed for ending in KINDS[kind])
        drawn = f", or {MATCHED} to have one drawn" if key.endswith(".null_set") else ""
        raise UserError(
            f"config key sequence.variants.sets.{key}",
            f"{path} is of no kind that can be read here",
            f"give a file that ends in {endings}, or that and .gz{drawn}",
        )


def _weights(folder: str) -> list[str]:
    """Config and weights in a folder as save_pretrained leaves it: safetensors, or a torch state dict instead."""
    new, old = f"{folder}/model.safetensors", f"{folder}/pytorch_model.bin"
    return [f"{folder}/config.json", old if Path(old).exists() and not Path(new).exists() else new]
