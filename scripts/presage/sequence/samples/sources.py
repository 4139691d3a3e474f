"""One row of the sample sheet, opened: its reader, its cells by group, and the chemistry to read it by."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage import tables
from presage.config.pseudobulk import Reading
from presage.errors import UserError
from presage.sequence.reference.stretches import Stretch, cut, share_out
from presage.sequence.samples import chemistry
from presage.sequence.samples.bam import Bam, Rules
from presage.sequence.samples.barcodes import Barcodes
from presage.sequence.samples.counts import GeneTable
from presage.sequence.samples.fragments import FragmentFile, first_barcodes
from presage.sequence.samples.h5ad import read_obs
from presage.sequence.samples.labels import check_cell_types, match_barcodes, read_labels
from presage.sequence.samples.reads import Reads
from presage.sequence.samples.rna import read_rna
from presage.sequence.samples.umis import molecules
from presage.sheets import WHOLE, Sample

GROUP = ["cell_type", "donor", "condition", "tissue"]
ASSAYS = {"bam": "rna", "bam_atac": "atac", "fragments": "atac"}


def sample_labels(sample: Sample, settings: Reading) -> pd.DataFrame | None:
    """Labels of a sample, one row per cell, with donor, condition and tissue of the sheet where the labels have none.

    None where the sample is one pseudobulk (labels ``whole``, or none but a cell type): then every barcode is a cell of
    the sheet's cell type, or of the type that the sample is named after. An h5ad without labels is labelled by its own
    obs. Rows that the clustering labels, or that share another row's labels, come with the path of these
    (:func:`presage.study.sequence.with_labels`). Barcodes are as in the reads but for a suffix (``match_barcodes``).
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


class Molecules(NamedTuple):
    """RNA molecules of one stretch.

    ``reads``: one read of each; ``gene``: int [molecules], number in ``names`` (identifier, name), -1 for none;
    ``fate``: all reads by fate; ``counted``: barcode numbers of the reads before molecules were collapsed, those of
    barcodes without a label included.
    """

    reads: Reads
    gene: np.ndarray
    names: list[tuple[str, str]]
    fate: Counter[str]
    counted: np.ndarray


class Source:
    """A sample with reads (BAM or fragments), ready to be read.

    ``reference``: contig -> bp of the genome that it is on, None for its own header. ``genes``: the genome's, if known.

    Attributes
    ----------
    assay : rna or atac
    reader : Bam or FragmentFile
    barcodes : numbers of its barcodes; those below ``barcodes.known`` are cells
    groups : table of the distinct (cell_type, donor, condition, tissue) of its cells
    rules : which reads are used
    stated : chemistry as the sheet or the configuration says, or None
    looked : strands of the reads that were looked at (RNA on a genome with genes)
    warnings : what a person should look at
    """

    def __init__(
        self, sample: Sample, settings: Reading, reference: Mapping[str, int] | None, genes: GeneTable | None
    ) -> None:
        self.sample, self.settings, self.assay, self.genes = sample, settings, ASSAYS[sample.kind], genes
        self.warnings: list[str] = []
        self.looked = chemistry.Strands(0, 0)
        self.chemistry: str | None = None
        self.stated = sample.chemistry or (settings.chemistry if settings.chemistry != "auto" else None)
        self.rules = Rules(
            min_mapq=settings.min_mapq,
            barcode_tag=settings.barcode_tag,
            umi_tag=settings.umi_tag,
            read_name=settings.read_name,
            umi=settings.umi != "none",
            require_xf=settings.require_xf,
        )
        self.reader: Bam | FragmentFile
        if sample.kind == "fragments":
            self._number_cells(first_barcodes(sample.path))
            self.reader = FragmentFile(sample.path, self.barcodes)
            return
        bam = Bam(sample.path, reference, self.rules, settings.max_no_barcode)
        self.reader = bam
        self._number_cells(bam.peek.barcodes)
        if self.assay == "rna":
            self._settle_rna(bam)

    def _settle_rna(self, bam: Bam) -> None:
        """Chemistry and UMIs as the reads have them."""
        if self.genes is not None:
            self.looked = chemistry.look(bam, self.genes, self.rules.min_mapq)
            self.chemistry, warning = chemistry.settle(self.sample.sample, self.stated, self.looked)
            self.warnings += [warning] if warning else []
        else:
            self.chemistry = self.stated or "three_prime"
        umi = self.rules.umi and (bam.peek.umi > 0 or not bam.peek.reads)
        if self.rules.umi and not umi:
            self.warnings.append(f"{self.sample.sample}: reads carry no UMI; duplicates are told by the aligner's flag")
        self.rules = replace(self.rules, antisense=self.chemistry == "five_prime", umi=umi)

    def _number_cells(self, seen: list[str]) -> None:
        labels = sample_labels(self.sample, self.settings)
        self.labels = labels
        self._half: np.ndarray = np.empty(0, dtype=np.int64)
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
        self._half = (known.groupby("cell_type", sort=False).cumcount() % 2).to_numpy(dtype=np.int64)
        self._group = known[GROUP].merge(self.groups.reset_index(), on=GROUP, how="left")["index"].to_numpy()

    def stretches(self, lengths: Mapping[str, int], number: int = 0, of: int = 1) -> list[Stretch]:
        """The stretches of a BAM's genome that part ``number`` (from 0) ``of`` it reads."""
        assert isinstance(self.reader, Bam)
        all_ = cut(lengths, None if self.genes is None else self.genes.genes)
        return share_out(all_, self.reader.weights(all_), of)[number]

    def molecules(self, stretch: Stretch) -> Molecules:
        """RNA molecules of a BAM's stretch."""
        assert isinstance(self.reader, Bam)
        taken = read_rna(self.reader, stretch, self.barcodes, self.rules, gene_tags=self.genes is None)
        reads, fate = taken.found, taken.dropped
        gene, names = reads.gene, reads.gene_names
        if self.genes is not None:
            gene, names = self.genes.assign(reads, stretch.chrom), self.genes.names
        keep = molecules(reads, gene, self.settings.umi if self.rules.umi else "none")
        fate.update(umi_duplicate=int((~keep).sum()), used=int(keep.sum()))
        return Molecules(reads.take(keep), gene[keep], names, fate, np.concatenate([reads.cell, taken.others]))

    def group_of(self, cell: np.ndarray) -> np.ndarray:
        """Row of ``groups`` of each cell number: int64."""
        return np.zeros(len(cell), dtype=np.int64) if self.labels is None else self._group[cell]

    def half_of(self, cell: np.ndarray) -> np.ndarray:
        """0 or 1 for each cell number: the half of its type's cells that it is in, whichever job reads it.

        Labelled cells of a type take turns. Without labels numbers depend on what a job meets first, so there the
        barcode itself decides.
        """
        if self.labels is not None:
            return self._half[cell]
        new = itertools.islice(self.barcodes.index, len(self._half), None)
        drawn = np.fromiter(
            (blake2b(barcode.encode(), digest_size=1).digest()[0] & 1 for barcode in new), dtype=np.int64
        )
        self._half = np.concatenate([self._half, drawn])
        return self._half[cell]

    def label_rows(self) -> pd.DataFrame:
        """The labels as the part_labels table; ``read_barcode`` is null where no read can spell it."""
        if self.labels is None:
            return tables.empty("part_labels")
        spelled = [self.named.get(barcode) for barcode in self.labels["barcode"]]
        return self.labels.assign(read_barcode=np.array(spelled, dtype=object))
