"""Every reader of files from outside, with a maker of a small valid file: a table of facts, nothing else.

``ci``: inputs in the test suite (what 3 minutes allow in all). Native readers (HDF5, htslib, FFmpeg) are slower.
"""

import dataclasses
import functools
import gzip
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.fuzz import small_files as small

ZONE = ZoneInfo("Europe/Zurich")


@dataclasses.dataclass(frozen=True)
class Reader:
    """``make`` writes a valid file into a folder and returns the path that ``read`` takes.

    ``native``: its library may crash on a damaged file, which ``presage.entry`` then tells in one line.
    ``unpack`` and ``pack``: what mutations shall see instead of the stored bytes (e.g. the text in a gzip).
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    ci: int
    unpack: Callable[[bytes], bytes] | None = None
    pack: Callable[[bytes], bytes] | None = None
    native: bool = False


@functools.cache
def _genome() -> Any:
    """An indexed genome of the contigs that the small files name."""
    from presage.sequence.reference.genome import prepare_fasta

    folder = Path(tempfile.mkdtemp(prefix="fuzz-genome-"))
    (folder / "in.fa").write_text("".join(f">{n}\n{'ACGTN' * (size // 5)}\n" for n, size in small.GENOME.items()))
    return prepare_fasta(folder / "in.fa", folder / "g.fa")


def _variants(path: Path) -> None:
    from presage.sequence.variants.readers import read_sites

    deque(read_sites(path, _genome()), 0)


def _labelled_variants(path: Path) -> None:
    from presage.sequence.variants.labelled import read_labelled

    read_labelled(path)


def _genes(path: Path) -> None:
    from presage.sequence.reference.genes import read_genes

    read_genes(path, small.GENOME)


def _fasta(path: Path) -> None:
    from presage.sequence.reference.genome import contig_lengths, prepare_fasta

    contig_lengths(path)
    genome = prepare_fasta(path, path.with_name("out.fa"))
    for chrom, length in genome.lengths.items():
        genome.codes(chrom, -5, min(length, 10_000) + 5)
        genome.masked(chrom, 0, min(length, 10_000))
    genome.close()


def _bam(path: Path) -> None:
    from presage.sequence.reference.stretches import cut
    from presage.sequence.samples.atac import read_atac
    from presage.sequence.samples.bam import Bam, Rules
    from presage.sequence.samples.barcodes import Barcodes
    from presage.sequence.samples.rna import read_rna

    bam = Bam(path, small.GENOME, Rules())
    for stretch in cut(small.GENOME):
        read_rna(bam, stretch, Barcodes(["AAAC-1"]), Rules(), gene_tags=True)
        read_atac(bam, stretch, Barcodes(), Rules())
    bam.close()


def _fragments(path: Path) -> None:
    from presage.sequence.samples.barcodes import Barcodes
    from presage.sequence.samples.fragments import FragmentFile, first_barcodes

    first_barcodes(path)
    file = FragmentFile(path, Barcodes(["AAAC-1"]))
    deque(file.read(), 0)
    file.match(small.GENOME)


def _h5ad(path: Path) -> None:
    import numpy as np

    from presage.sequence.samples.h5ad import count_groups, read_counts, read_obsm
    from presage.sequence.samples.labels import h5ad_barcodes, read_labels

    read_labels(path, "cell_type", "s")
    cells = len(h5ad_barcodes(path, "s"))
    read_obsm(path, "X_pca")
    read_counts(path)
    count_groups(path, np.zeros(cells, np.int64), 1, chunk=7)


def _bigwig(path: Path) -> None:
    from presage.sequence.samples.bigwigs import BigWigSource
    from presage.sheets import Sample

    source = BigWigSource(Sample("s", "bigwig", str(path), assay="rna", cell_type="T"), small.GENOME)
    for chrom in small.GENOME:
        source.runs(chrom)
    source.close()


def _tfrecords(path: Path) -> None:
    from presage.sequence.targets.records import read_tfrecords

    deque(read_tfrecords(path), 0)


def _baskerville(folder: Path) -> None:
    import shutil

    from presage.sequence.targets.tfrecords import import_baskerville

    shutil.rmtree(folder / "out.zarr", ignore_errors=True)
    import_baskerville(folder, folder / "out.zarr")


def _labels(path: Path) -> None:
    from presage.sequence.samples.labels import check_cell_types, read_labels

    check_cell_types(path, read_labels(path, "cell_type", "s", "{sample}_{barcode}"), [])


def _blacklist(path: Path) -> None:
    from presage.sequence.reference.blacklist import read_blacklist

    read_blacklist(path, small.GENOME)


def _folds(path: Path) -> None:
    from presage.sequence.reference.windows import trunk_windows

    trunk_windows(path, small.GENOME, 10, ["fold3"], ["fold4"])


def _meme(path: Path) -> None:
    from presage.sequence.mutagenesis.meme import read_meme

    read_meme(path)


def _samples(path: Path) -> None:
    from presage.sheets import read_samples

    read_samples(path)


def _bulk(path: Path) -> None:
    from presage.sheets import read_bulk

    read_bulk(path)


def _cages(path: Path) -> None:
    from presage.sheets import read_cages

    read_cages(path)


def _segments(path: Path) -> None:
    from datetime import time

    from presage.homecage.recordings.clock import place
    from presage.sheets import read_segments

    place(read_segments(path), ZONE, time(7))


def _events(path: Path) -> None:
    from presage import tables
    from presage.homecage.recordings.events import read_events

    tables.write(path.with_name("out.parquet"), "events", read_events(path, ZONE))


def _pose(path: Path) -> None:
    from presage.homecage.pose_files import readers

    readers.read(path)


def _project(path: Path) -> None:
    from presage.homecage.pose.body_parts import project_config

    project_config(path.parent)


def _labelled_project(folder: Path) -> None:
    from presage.homecage.pose.labelled import read_image, read_labelled

    for image in read_labelled(folder).images:
        read_image(image, (32, 24))


def _sensor_table(path: Path) -> None:
    from presage import tables
    from presage.config.distress import Source
    from presage.homecage.readings.importers import read_source

    values = [{"name": n.lower(), "column": n, "unit": "x"} for n in ("Act", "Temp")]
    source = Source(name="t", kind="table", path=str(path), animal="animal", values=values)
    tables.write(path.with_name("out.bin"), "readings", read_source(source, ZONE))


def _readings(kind: str, path: Path) -> None:
    from presage import tables
    from presage.homecage.readings.importers import read

    tables.write(path.with_name("out.bin"), "readings", read(kind, path))


def _video(path: Path) -> None:
    """As a cage-day's job does: what cannot be decoded is a reason in its table, not an error."""
    from presage.config.pose import Recording
    from presage.homecage.recordings.segments import probe_cage_day
    from presage.sheets import Segment

    probe_cage_day([Segment("c", "2026-05-01T13:00:00+02:00", str(path))], Recording(on_bad_segment="count"))


@functools.cache
def _trunk() -> Any:
    from tests.unit.sequence.model_cases import lively_model

    return lively_model()


def _adapter(folder: Path) -> None:
    import copy

    from presage.sequence.adapters.files import load_adapter

    load_adapter(copy.deepcopy(_trunk()), folder)


def _load_trunk(folder: Path) -> None:
    from presage.sequence.model.weights import load_trunk

    load_trunk(folder)


def _state_dict(path: Path) -> None:
    from presage.sequence.model.huggingface import read_weights

    read_weights(path)


def _study(path: Path) -> None:
    """The configuration as Snakemake hands it over: what is no YAML is Snakemake's own to tell."""
    import yaml

    from presage.config.load import load
    from presage.errors import UserError

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return
    if isinstance(given, dict) and all(isinstance(key, str) for key in given):
        try:
            load(given, path)
        except UserError as error:
            raise UserError(f"{path} {error.where}", error.what, error.todo) from None


READERS: dict[str, Reader] = {
    "VCF": Reader(small.vcf, _variants, 2000),
    "VCF, bgzip": Reader(small.vcf_gz, _variants, 500),
    "BCF": Reader(small.bcf, _variants, 2000),
    "BED": Reader(small.bed, _variants, 2000),
    "variant table, TSV": Reader(small.table_tsv, _variants, 2000),
    "variant table, CSV": Reader(small.table_csv, _variants, 1000),
    "labelled variants": Reader(small.labelled_variants, _labelled_variants, 1000),
    "GTF": Reader(small.gtf, _genes, 2000),
    "FASTA": Reader(small.fasta, _fasta, 1000),
    "blacklist BED": Reader(small.blacklist, _blacklist, 500),
    "folds BED": Reader(small.folds, _folds, 500),
    "MEME motifs": Reader(small.meme, _meme, 2000),
    "BAM and index": Reader(small.bam, _bam, 500),
    "BAM records": Reader(small.bam_records, _bam, 500, gzip.decompress, small.bgzf),
    "fragments": Reader(small.fragments, _fragments, 1000),
    "h5ad": Reader(small.h5ad, _h5ad, 150),
    "zarr": Reader(small.zarr, _h5ad, 100, native=True),  # blosc reads outside a damaged chunk: numcodecs issue 228
    "bigWig": Reader(small.bigwig, _bigwig, 500, native=True),
    "TFRecord": Reader(small.tfrecord, _tfrecords, 2000),
    "TFRecord folder": Reader(small.baskerville, _baskerville, 100),
    "cell labels": Reader(small.labels, _labels, 500),
    "sample sheet": Reader(small.samples, _samples, 2000),
    "bulk sheet": Reader(small.bulk, _bulk, 2000),
    "cage sheet": Reader(small.cages, _cages, 2000),
    "segments sheet": Reader(small.segments, _segments, 2000),
    "events sheet": Reader(small.events, _events, 500),
    "sensor table, CSV": Reader(small.sensor_csv, _sensor_table, 300),
    "sensor table, parquet": Reader(small.sensor_parquet, _sensor_table, 300),
    "readings, parquet": Reader(small.readings, functools.partial(_readings, "readings"), 300),
    "mice_rhythms CSV": Reader(small.rhythms, functools.partial(_readings, "mice_rhythms"), 300),
    "RELSA table": Reader(small.relsa, functools.partial(_readings, "relsa"), 300),
    "mousestyles array": Reader(small.mousestyles, functools.partial(_readings, "mousestyles"), 200),
    "DeepLabCut CSV": Reader(small.dlc_csv, _pose, 500),
    "DeepLabCut h5, table": Reader(small.dlc_h5, _pose, 100, native=True),
    "DeepLabCut h5, fixed": Reader(small.dlc_h5_fixed, _pose, 100, native=True),
    "SLEAP analysis": Reader(small.sleap, _pose, 300, native=True),
    "SLEAP labels": Reader(small.slp, _pose, 300),
    "JABS": Reader(small.jabs, _pose, 300, native=True),
    "NWB": Reader(small.nwb, _pose, 40),
    "DeepLabCut project": Reader(small.project, _project, 500),
    "DeepLabCut labels": Reader(small.labelled_project, _labelled_project, 100),
    "video, mp4": Reader(small.video, _video, 150),
    "video, avi": Reader(small.avi, _video, 150),
    "adapter": Reader(small.adapter, _adapter, 100),
    "trunk": Reader(small.trunk, _load_trunk, 100),
    "torch state dict": Reader(small.state_dict, _state_dict, 200),
    "study.yaml": Reader(small.study, _study, 300),
}
