"""A part: what one job takes out of one sample, on disk. Parts add up to tracks (see ``pool``) in any grouping.

A part is a folder with ``depth.parquet`` (steps of depth by lane, one row group per stretch), ``genes.parquet``
(molecules by group of cells and gene), ``cells.parquet`` (reads by barcode), ``labels.parquet`` (the sample's labels,
in its first part) and ``part.json`` (everything else).
"""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from presage import tables
from presage.config.pseudobulk import Reading
from presage.progress import progress
from presage.sequence.pseudobulk.steps import Lanes, Steps, steps_of
from presage.sequence.reference.contigs import ContigMap, map_contigs
from presage.sequence.samples.atac import read_atac
from presage.sequence.samples.bam import Bam
from presage.sequence.samples.counts import GeneTable
from presage.sequence.samples.fragments import FragmentFile, Fragments
from presage.sequence.samples.reads import Reads
from presage.sequence.samples.sources import GROUP, Source
from presage.sheets import Sample

_BARCODE_COUNTS = ("counted", "reads", "umis", "fragments")


@dataclass(frozen=True)
class Part:
    """One part, read back.

    Attributes
    ----------
    folder : where it lies
    facts : part.json
    groups : table of (cell_type, donor, condition, tissue) by group number
    """

    folder: Path
    facts: dict[str, Any]
    groups: pd.DataFrame

    @staticmethod
    def open(folder: str | Path) -> "Part":
        """The part in ``folder``."""
        facts = json.loads((Path(folder) / "part.json").read_text())
        return Part(Path(folder), facts, pd.DataFrame(facts["groups"], columns=GROUP))

    def only(self, keep: Callable[[pd.DataFrame], pd.Series]) -> "Part":
        """The part as if it had no other cells than those of the groups that ``keep`` marks; same files."""
        groups = self.groups[keep(self.groups)]
        tracked = self.facts["tracked"]
        held = self.lanes.parts(np.array([int(lane) for lane in tracked], np.int64))[0]
        kept = {lane: n for (lane, n), group in zip(tracked.items(), held) if group in groups.index}
        return replace(self, groups=groups, facts={**self.facts, "tracked": kept})

    @property
    def lanes(self) -> Lanes:
        return Lanes(self.facts["classes"])

    def steps(self, chrom: str) -> Iterator[Steps]:
        """Steps of contig ``chrom`` (the genome's name), one item per stretch or batch of the file."""
        file = None
        for number, there in enumerate(self.facts["row_groups"]):
            if there == chrom:
                file = file or pq.ParquetFile(self.folder / "depth.parquet")
                group = file.read_row_group(number)
                yield Steps(*(group[name].to_numpy() for name in Steps._fields))

    def genes(self) -> pd.DataFrame:
        """Molecules by group and gene."""
        return tables.read(self.folder / "genes.parquet", "part_genes")

    def cells(self) -> pd.DataFrame:
        """Reads by barcode."""
        return tables.read(self.folder / "cells.parquet", "part_cells")

    def labels(self) -> pd.DataFrame:
        """The sample's labels, in a sample's first part."""
        return tables.read(self.folder / "labels.parquet", "part_labels")


def read_part(
    sample: Sample,
    settings: Reading,
    reference: Mapping[str, int] | None,
    genes: GeneTable | None,
    folder: str | Path,
    *,
    number: int = 0,
    of: int = 1,
    seed: int = 0,
) -> Part:
    """Read part ``number`` (from 0) ``of`` a sample into ``folder``.

    ``reference``: contig -> bp of the genome that its reads are on, None where its header tells; ``genes``: that
    genome's, None where they are not known (then the aligner's GX tags count). ``seed`` draws the down-sampled reads.
    Raises :class:`UserError` for input that cannot be used; see ``bam``, ``fragments``, ``labels`` and ``chemistry``.
    """
    source = Source(sample, settings, reference, genes)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _Writer(source, folder, seed) as out:
        if isinstance(source.reader, Bam):
            _read_bam(source, source.reader, dict(reference or source.reader.lengths), out, number, of)
            contigs, lengths = source.reader.contigs, dict(reference or source.reader.lengths)
            source.reader.close()
        else:
            contigs = _read_fragments(source, source.reader, reference, out)
            lengths = dict(reference or source.reader.lengths)
        out.finish(contigs, lengths, first=number == 0)
    return Part.open(folder)


class _Taken(NamedTuple):
    """Intervals of one stretch: cell number, strand of the transcript, start, end; ``first`` of its read or fragment,
    ``origin`` the read's or fragment's number within the stretch."""

    cell: np.ndarray
    minus: np.ndarray
    start: np.ndarray
    end: np.ndarray
    first: np.ndarray
    origin: np.ndarray


def _read_bam(source: Source, bam: Bam, lengths: Mapping[str, int], out: "_Writer", number: int, of: int) -> None:
    for stretch in progress(source.stretches(lengths, number, of), f"reads of {source.sample.sample}", "stretch"):
        if source.assay == "rna":
            found = source.molecules(stretch)
            reads = found.reads
            out.fate.update(found.fate)
            out.count("counted", found.counted)
            out.count("reads", reads.cell)
            out.count("umis", reads.cell[reads.umi >= 0])
            if source.genes is not None:
                out.sense.update(source.genes.sense(reads, stretch.chrom))
            there = found.gene >= 0
            out.add_genes(reads.cell[there], found.gene[there], found.names)
            out.add_depth(stretch.chrom, _rna_intervals(reads, source.settings.rna_mode), stretch.start)
        else:
            taken = read_atac(bam, stretch, source.barcodes, source.rules)
            out.fate.update(taken.dropped)
            out.count("counted", taken.found.cell, taken.others)
            out.count("fragments", taken.found.cell)
            out.add_depth(stretch.chrom, _cuts(taken.found, source.settings.atac_width), stretch.start)
    if number == 0:
        out.fate.update(bam.skipped)
        out.total = bam.total


def _read_fragments(
    source: Source, file: FragmentFile, reference: Mapping[str, int] | None, out: "_Writer"
) -> ContigMap:
    for batch, (chrom, fragments, others) in enumerate(progress(file.read(), source.sample.sample, "batch")):
        size = len(fragments) + len(others)
        # All names are matched when all are known; one that the genome lacks is not counted for any cell meanwhile.
        if reference is not None and not map_contigs([chrom], reference).names:
            out.fate.update(contig_not_in_genome=size)
            continue
        out.fate.update(used=len(fragments), not_labelled=len(others))
        out.count("counted", fragments.cell, others)
        out.count("fragments", fragments.cell)
        out.add_depth(chrom, _cuts(fragments, source.settings.atac_width), batch)
    out.total = file.total
    return file.match(reference)


def _rna_intervals(reads: Reads, mode: str) -> _Taken:
    if mode == "full":
        read = np.repeat(np.arange(len(reads)), np.diff(reads.offset))
        first = np.diff(read, prepend=-1) > 0
        return _Taken(reads.cell[read], reads.minus[read], reads.block_start, reads.block_end, first, read)
    left, right = reads.block_start[reads.offset[:-1]], reads.block_end[reads.offset[1:] - 1] - 1
    at = np.where(reads.minus == (mode == "three_prime_end"), left, right)
    read = np.arange(len(reads))
    return _Taken(reads.cell, reads.minus, at, at + 1, np.ones(len(reads), dtype=bool), read)


def _cuts(fragments: Fragments, width: int) -> _Taken:
    at, cell = fragments.cuts()
    reach, read = width // 2, np.tile(np.arange(len(fragments)), 2)
    first = np.arange(len(at)) < len(fragments)
    return _Taken(cell, np.zeros(len(at), dtype=bool), at - reach, at + reach + 1, first, read)


class _Writer:
    """Gathers a part while its sample is read."""

    def __init__(self, source: Source, folder: Path, seed: int) -> None:
        self.source, self.folder = source, folder
        self.lanes = Lanes(len(source.settings.downsample) + 1)
        self.fate: Counter[str] = Counter()
        self.sense: Counter[str] = Counter(sense=0, antisense=0)
        self.total = 0
        self._seed = [seed, zlib.crc32(source.sample.sample.encode())]
        self._row_groups: list[str] = []
        self._tracked: Counter[int] = Counter()  # reads or fragments by lane
        self._tally = {name: np.zeros(0, dtype=np.int64) for name in _BARCODE_COUNTS}
        self._genes: Counter[tuple[int, str, str]] = Counter()

    def __enter__(self) -> "_Writer":
        schema = tables.SCHEMAS["part_depth"]
        self._depth = pq.ParquetWriter(self.folder / "depth.parquet", schema, compression="zstd")
        return self

    def __exit__(self, *_: object) -> None:
        self._depth.close()

    def count(self, what: str, *numbers: np.ndarray) -> None:
        """Count barcodes by their numbers."""
        size = len(self.source.barcodes)
        self._tally[what] = np.pad(self._tally[what], (0, size - len(self._tally[what])))
        for cells in numbers:
            self._tally[what] += np.bincount(cells, minlength=size)

    def add_genes(self, cell: np.ndarray, gene: np.ndarray, names: list[tuple[str, str]]) -> None:
        """Molecules (``cell`` and ``gene`` number of each)."""
        group = self.source.group_of(cell)
        summed = sparse.coo_matrix((np.ones(len(gene), np.int64), (group, gene)), (len(self.source.groups), len(names)))
        summed.sum_duplicates()
        for row, column, n in zip(summed.row.tolist(), summed.col.tolist(), summed.data.tolist()):
            self._genes[row, *names[column]] += n

    def add_depth(self, chrom: str, taken: _Taken, place: int) -> None:
        """Intervals of one stretch or batch; ``place`` tells it from the others of the contig."""
        level: np.ndarray | int = 0
        if self.lanes.classes > 1:
            # Drawn per read and from the place alone, so that the draw does not depend on how jobs are cut.
            rng = np.random.default_rng([*self._seed, zlib.crc32(chrom.encode()), place])
            drawn = rng.random(int(taken.origin.max()) + 1 if len(taken.origin) else 0)
            level = np.searchsorted(self.source.settings.downsample, drawn)[taken.origin]
        group = self.source.group_of(taken.cell)
        lane = self.lanes.number(group, taken.minus, self.source.half_of(taken.cell), level)
        self._tracked.update(dict(enumerate(np.bincount(lane[taken.first]).tolist())) if taken.first.any() else {})
        steps = steps_of(lane, taken.start, taken.end)
        if len(steps.lane):
            table = pa.table(list(steps), schema=tables.SCHEMAS["part_depth"])
            self._depth.write_table(table, row_group_size=len(table))
            self._row_groups.append(chrom)

    def finish(self, contigs: ContigMap, lengths: Mapping[str, int], *, first: bool) -> None:
        """Write all but the depth."""
        source = self.source
        self._depth.close()
        rows = [(g, gene, name, n) for (g, gene, name), n in sorted(self._genes.items())]
        genes = pd.DataFrame(rows, columns=tables.SCHEMAS["part_genes"].names)
        tables.write(self.folder / "genes.parquet", "part_genes", genes)
        tally = {name: np.pad(n, (0, len(source.barcodes) - len(n))) for name, n in self._tally.items()}
        frame = pd.DataFrame({"barcode": list(source.barcodes.index), "labelled": source.barcodes.labelled(), **tally})
        tables.write(self.folder / "cells.parquet", "part_cells", frame)
        labels = source.label_rows() if first else tables.empty("part_labels")
        tables.write(self.folder / "labels.parquet", "part_labels", labels)
        theirs = contigs.names if isinstance(source.reader, FragmentFile) else {}
        facts = {
            "sample": source.sample.sample,
            "kind": source.sample.kind,
            "path": source.sample.path,
            "assay": source.assay,
            "stranded": source.settings.stranded and source.assay == "rna",
            "umi": source.rules.umi,
            "chemistry": source.chemistry,
            "stated": source.stated,
            "looked": source.looked._asdict(),
            "sense": dict(self.sense),
            "lengths": lengths,
            "contigs": {"names": contigs.names, "renamed": contigs.renamed, "missing": contigs.missing},
            "groups": source.groups[GROUP].to_numpy().tolist(),
            "fate": {name: int(n) for name, n in self.fate.items() if n},
            "total": int(self.total),
            "classes": self.lanes.classes,
            "tracked": {str(lane): int(n) for lane, n in sorted(self._tracked.items()) if n},
            "row_groups": [theirs.get(name, "") if theirs else name for name in self._row_groups],
            "warnings": source.warnings if first else [],
        }
        (self.folder / "part.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
