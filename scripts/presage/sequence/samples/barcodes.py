"""Cell barcodes and their numbers: the labelled ones first, in the order of the labels, then others as they are met."""

import sys
from collections.abc import Iterable

import numpy as np


class Barcodes:
    """Numbers of barcodes.

    Attributes
    ----------
    index : dict of barcode -> number; grows with every barcode that is met
    known : numbers below it are cells with a label. Without labels every barcode is a cell.
    """

    def __init__(self, labelled: Iterable[str] | None = None) -> None:
        self.index: dict[str, int] = {barcode: i for i, barcode in enumerate(labelled or ())}
        self.known = len(self.index) if labelled is not None else sys.maxsize

    def __len__(self) -> int:
        return len(self.index)

    def number(self, barcode: str) -> int:
        """Number of ``barcode``."""
        found = self.index.get(barcode)
        if found is None:
            found = self.index[barcode] = len(self.index)
        return found

    def labelled(self) -> np.ndarray:
        """Which barcodes are cells: bool [barcodes]."""
        return np.arange(len(self.index)) < self.known
