"""Coverage in regions that are artefacts of the assembly, cut down to what is usual in the window before it is summed.

The cut is that of ``hound_data_read.py`` of calico/baskerville: depth in the blacklisted intervals (with their margin)
is cut to the median depth of the window's bases (the predicted part). Where most bases have no read, as in single
cells, that median is 0. There an interval that begins before the window is passed over; here it counts as well.
"""

import numpy as np

from presage.sequence.samples.tracks import Runs, bin_sums


def clipped_bin_sums(runs: Runs, starts: np.ndarray, bins: int, bin_size: int, black: np.ndarray | None) -> np.ndarray:
    """As :func:`~presage.sequence.samples.tracks.bin_sums`, depth in the intervals ``black`` of the contig cut down.

    Only windows that hold a blacklisted base are looked at base by base.
    """
    out, span = bin_sums(runs, starts, bins, bin_size), bins * bin_size
    if black is None or not len(black):
        return out
    for row, start in enumerate(int(s) for s in starts):
        # Merged intervals: both columns rise.
        first, last = np.searchsorted(black[:, 1], start, "right"), np.searchsorted(black[:, 0], start + span)
        if first < last:
            depth = runs.at(np.arange(start, start + span)).astype(np.float64)
            usual = np.median(depth)
            for left, right in np.clip(black[first:last] - start, 0, span):
                depth[left:right] = np.minimum(depth[left:right], usual)
            out[row] = depth.reshape(bins, bin_size).sum(axis=1)
    return out
