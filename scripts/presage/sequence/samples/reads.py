"""RNA reads as arrays: what reading a BAM gives, and what molecules and genes are made of."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reads:
    """RNA reads of one stretch in file order.

    Attributes
    ----------
    cell : int32 [reads], index of :class:`presage.sequence.samples.labels.Barcodes`
    umi : int64 [reads], the UMI as a number (see ``umis``), -1 without one
    minus : bool [reads], the *transcript* is on the minus strand
    gene : int32 [reads], index into ``gene_names`` by the aligner's GX tag, -1 without or with several
    block_start, block_end : int64 [blocks], aligned blocks; introns and deletions lie between them
    offset : int64 [reads + 1], blocks of read i are ``offset[i]:offset[i + 1]``, at least one
    gene_names : list of (GX, GN)
    """

    cell: np.ndarray
    umi: np.ndarray
    minus: np.ndarray
    gene: np.ndarray
    block_start: np.ndarray
    block_end: np.ndarray
    offset: np.ndarray
    gene_names: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.cell)

    def take(self, keep: np.ndarray) -> "Reads":
        """The reads where ``keep`` (bool [reads]) holds."""
        blocks = np.repeat(keep, np.diff(self.offset))
        sizes = np.diff(self.offset)[keep]
        return Reads(
            self.cell[keep],
            self.umi[keep],
            self.minus[keep],
            self.gene[keep],
            self.block_start[blocks],
            self.block_end[blocks],
            np.concatenate([[0], np.cumsum(sizes)]),
            self.gene_names,
        )
