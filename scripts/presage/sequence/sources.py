"""One row of the sample sheet, opened: its reader, its cells, and what became of its reads."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.config.pseudobulk import Pseudobulk
from presage.errors import UserError
from presage.sequence.bam import Bam, Reads, Rules, read_atac, read_rna
from presage.sequence.counts import GeneTable, molecules
from presage.sequence.fragments import FragmentFile, Fragments, first_barcodes
from presage.sequence.h5ad import read_obs
from presage.sequence.labels import Barcodes, check_cell_types, match_barcodes, read_labels
from presage.sheets import WHOLE, Sample

GROUP = ["cell_type", "donor", "condition", "tissue"]
ASSAYS = {"bam": "rna", "bam_atac": "atac", "fragments": "atac"}


class Intervals(NamedTuple):
    """Covered intervals of one contig, each array [intervals].

    ``cell`` number, ``minus`` (bool, the transcript's strand), ``start``, ``end``, and ``counted`` (bool, the first
    interval of each read or fragment).
    """

    cell: np.ndarray
    minus: np.ndarray
    start: np.ndarray
    end: np.ndarray
    counted: np.ndarray


class GeneHits(NamedTuple):
    """Molecules that lie in a gene: cell number and gene number [molecules]; ``names`` of the genes by number."""

    cell: np.ndarray
    gene: np.ndarray
    names: list[tuple[str, str]]


def sample_labels(sample: Sample, settings: Pseudobulk) -> pd.DataFrame | None:
    """Labels of a sample, one row per cell, with donor, condition and tissue of the sheet where the labels have none.

    None where the sample is one pseudobulk (labels ``whole``, or none but a cell type): then every barcode is a cell of
    the sheet's cell type, or of the type that the sample is named after. An h5ad without labels is labelled by its own
    obs. Rows that the clustering labels, or that share another row's labels, come with the path of these
    (:func:`presage.study.with_labels`). Barcodes are as in the reads but for a suffix (``match_barcodes``).
    """
    if sample.labels == WHOLE or (not sample.labels and (sample.cell_type or sample.kind != "h5ad")):
        return None
    source = sample.labels or sample.path
    if not sample.labels:
        columns = read_obs(source).columns
        if settings.label_column not in columns:
            raise UserError(
                source,
                f"has no obs column {settings.label_column!r} that labels its cells",
                "set the sheet's labels to cluster or whole, or pseudobulk.label_column",
            )
    rule = sample.barcodes or settings.barcodes
    labels = read_labels(source, settings.label_column, sample.sample, rule, sample.donor or sample.sample)
    check_cell_types(source, labels, settings.cell_types)
    if labels["cell_type"].isna().all():
        raise UserError(source, "labels no cell", "fill in the cell types")
    return with_sheet(labels, sample)


def with_sheet(labels: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """``labels`` with donor, condition, tissue: their own, else the sheet's, else ``unknown`` (donor: the sample)."""
    defaults = {
        "donor": sample.donor or sample.sample,
        "condition": sample.condition or "unknown",
        "tissue": sample.tissue or "unknown",
    }
    for name, default in defaults.items():
        own = labels[name] if name in labels else pd.Series([None] * len(labels), dtype=object)
        labels = labels.assign(**{name: own.where(own.notna(), default)})
    return labels[["barcode", *GROUP]]


class Source:
    """A sample with coverage (BAM or fragments) on its way into tracks.

    Attributes
    ----------
    assay : rna or atac
    stranded : its tracks are per strand
    lengths : contigs and bp of the genome that it is on
    groups : table of the distinct (cell_type, donor, condition, tissue) of its cells
    fate : reads (fragments, where the input is fragments) by what became of them: ``used``, or the reason why not
    total : reads in the file
    """

    def __init__(
        self,
        sample: Sample,
        settings: Pseudobulk,
        reference: Mapping[str, int] | None,
        genes: GeneTable | None,
        tmp: Path,
    ) -> None:
        self.sample, self.settings, self.assay, self.genes = sample, settings, ASSAYS[sample.kind], genes
        self.stranded = settings.stranded and self.assay == "rna"
        self.rules = Rules(
            min_mapq=settings.min_mapq,
            barcode_tag=settings.barcode_tag,
            umi_tag=settings.umi_tag,
            umi=settings.umi == "exact",
            require_xf=settings.require_xf,
            antisense=settings.chemistry == "five_prime",
        )
        bam = None if sample.kind == "fragments" else Bam(sample.path, reference, settings.barcode_tag)
        self._read_cells(bam.first_barcodes if bam else first_barcodes(sample.path))
        self.reader = bam or FragmentFile(sample.path, self.barcodes, tmp, reference)
        self.lengths = dict(reference or self.reader.lengths)
        self.total, self.fate = self.reader.total, Counter(self.reader.skipped)
        self.sense = Counter(sense=0, antisense=0)
        self._tally: dict[str, np.ndarray] = {}

    def _read_cells(self, seen: list[str]) -> None:
        labels = sample_labels(self.sample, self.settings)
        self.labels = labels
        if labels is None:
            self.barcodes = Barcodes()
            one = pd.DataFrame({"barcode": [""], "cell_type": [self.sample.cell_type or self.sample.sample]})
            self.groups = with_sheet(one, self.sample)[GROUP]
            return
        known = labels[labels["cell_type"].notna()]
        self.named = match_barcodes(known["barcode"].tolist(), seen)
        known = known[known["barcode"].isin(self.named.keys())]
        self.barcodes = Barcodes(self.named[barcode] for barcode in known["barcode"])
        self.groups = known[GROUP].drop_duplicates(ignore_index=True)
        self._group = known[GROUP].merge(self.groups.reset_index(), on=GROUP, how="left")["index"].to_numpy()

    def group_of(self, cell: np.ndarray) -> np.ndarray:
        """Row of ``groups`` of each cell number."""
        return np.zeros(len(cell), dtype=np.int64) if self.labels is None else self._group[cell]

    def read(self, chrom: str) -> tuple[Intervals, GeneHits]:
        """What contig ``chrom`` contributes. Fates and per-cell numbers are counted on the way."""
        return self._rna(chrom) if self.assay == "rna" else self._atac(chrom)

    def _rna(self, chrom: str) -> tuple[Intervals, GeneHits]:
        assert isinstance(self.reader, Bam)
        reads, dropped = read_rna(self.reader, chrom, self.barcodes, self.rules, gene_tags=self.genes is None)
        gene, names = reads.gene, reads.gene_names
        if self.genes is not None:
            gene, names = self.genes.assign(reads, chrom), self.genes.names
        first = molecules(reads, gene)
        dropped["umi_duplicate"] = int((~first).sum())
        reads, gene = reads.take(first), gene[first]
        self.fate += dropped
        self._count("reads", reads.cell)
        self._count("umis", reads.cell[reads.umi >= 0])
        self.fate["used"] += len(reads)
        if self.genes is not None:
            self.sense.update(self.genes.sense(reads, chrom))
        hits = GeneHits(reads.cell[gene >= 0], gene[gene >= 0], names)
        return _rna_intervals(reads, self.settings.rna_mode), hits

    def _atac(self, chrom: str) -> tuple[Intervals, GeneHits]:
        fragments: Fragments
        if isinstance(self.reader, Bam):
            fragments, dropped = read_atac(self.reader, chrom, self.barcodes, self.rules)
            self.fate["used"] += 2 * len(fragments)
        else:
            fragments, dropped = self.reader.read(chrom)
            self.fate["used"] += len(fragments)
        self.fate += dropped
        self._count("fragments", fragments.cell)
        at, cell = fragments.cuts()
        reach = self.settings.atac_width // 2
        start, end = np.maximum(at - reach, 0), np.minimum(at + reach + 1, self.lengths[chrom])
        none = np.empty(0, dtype=np.int64)
        first = np.arange(len(cell)) < len(fragments)
        return Intervals(cell, np.zeros(len(cell), dtype=bool), start, end, first), GeneHits(none, none, [])

    def _count(self, what: str, cell: np.ndarray) -> None:
        self._tally[what] = np.bincount(cell, minlength=len(self.barcodes)) + _pad(
            self._tally.get(what), len(self.barcodes)
        )

    def cells(self) -> pd.DataFrame:
        """One row per cell: barcode, cell_type, donor, condition, tissue, reads, umis, fragments."""
        if self.labels is None:
            one = self.groups.iloc[[0] * len(self.barcodes)].reset_index(drop=True)
            cells = pd.concat([pd.Series(list(self.barcodes.index), name="barcode", dtype=object), one], axis=1)
            number = np.arange(len(cells))
        else:
            cells = self.labels.copy()
            names = [self.named.get(barcode, "") for barcode in cells["barcode"]]
            number = np.array([self.barcodes.index.get(name, -1) for name in names], dtype=np.int64)
        for what in ("reads", "umis", "fragments"):
            tally = np.append(_pad(self._tally.get(what), len(self.barcodes)), 0)  # the last one serves number -1
            cells[what] = tally[number]
        cells.insert(0, "sample", self.sample.sample)
        return cells

    def qc(self) -> dict:
        """What happened to this sample's reads, contigs and barcodes, for qc.json. Fates add up to the total."""
        fate = {"used": self.fate["used"]} | {k: int(v) for k, v in sorted(self.fate.items()) if v and k != "used"}
        if sum(fate.values()) != self.total:
            raise RuntimeError(f"{self.sample.path}: {self.total} reads, but fates add up to {sum(fate.values())}")
        contigs = self.reader.contigs
        seen = self._tally.get("reads" if self.assay == "rna" else "fragments", np.zeros(0))
        out = {
            "path": self.sample.path,
            "total": int(self.total),
            "unit": "fragments" if self.sample.kind == "fragments" else "reads",
            "reads": fate,
            "contigs": {
                "matched": len(contigs.names),
                "renamed": contigs.renamed,
                "not_in_genome": len(contigs.missing),
                "not_in_genome_first": contigs.missing[:20],
            },
            "barcodes": {
                "labelled": len(self.barcodes) if self.labels is not None else None,
                "with_reads": int((seen > 0).sum()),
                "not_labelled": len(self.barcodes.refused),
            },
        }
        told = sum(self.sense.values())
        if told:
            out["strand"] = {**self.sense, "sense_fraction": round(self.sense["sense"] / told, 4)}
        return out

    def warnings(self) -> list[str]:
        """What a person should look at."""
        out = []
        told = sum(self.sense.values())
        if told and self.sense["sense"] < 0.5 * told:
            share = 100 * self.sense["sense"] / told
            out.append(f"{self.sample.sample}: {share:.0f} % of exonic reads are sense; is pseudobulk.chemistry right?")
        if self.reader.contigs.renamed:
            pairs = [f"{theirs} = {ours}" for theirs, ours in list(self.reader.contigs.renamed.items())[:3]]
            out.append(f"{self.sample.sample}: contigs were matched by alias ({', '.join(pairs)} ...)")
        return out


def _rna_intervals(reads: Reads, mode: str) -> Intervals:
    if mode == "full":
        read = np.repeat(np.arange(len(reads)), np.diff(reads.offset))
        first = np.diff(read, prepend=-1) > 0
        return Intervals(reads.cell[read], reads.minus[read], reads.block_start, reads.block_end, first)
    first, last = reads.block_start[reads.offset[:-1]], reads.block_end[reads.offset[1:] - 1] - 1
    at = np.where(reads.minus, first, last)
    return Intervals(reads.cell, reads.minus, at, at + 1, np.ones(len(reads), dtype=bool))


def _pad(counts: np.ndarray | None, size: int) -> np.ndarray:
    """``counts`` with zeros up to ``size``."""
    return np.zeros(size, dtype=np.int64) if counts is None else np.pad(counts, (0, size - len(counts)))
