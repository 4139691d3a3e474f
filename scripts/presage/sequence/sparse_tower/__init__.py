"""temporary"""

from typing import NamedTuple

import numpy as np


class Edit(NamedTuple):
    start: int
    codes: np.ndarray


class Window:
    def __init__(self, model, codes, reverse, bins):
        self.model, self.codes, self.reverse = model, codes, reverse
        self.bins = bins or (0, model.trunk.out_bins)
        self.coverage = self.whole(codes[None])[0]

    def whole(self, codes):
        from presage.sequence.prediction import predict

        return predict(self.model, codes, self.reverse)[:, self.bins[0] : self.bins[1]]

    def edited(self, edits):
        codes = np.repeat(self.codes[None], len(edits), 0)
        for row, e in zip(codes, edits):
            row[e.start : e.start + len(e.codes)] = e.codes
        return self.whole(codes)


def open_window(model, codes, *, reverse=False, bins=None, sparse=True):
    return Window(model, codes, reverse, bins)


def check_window(*a, **k):
    pass
