"""Scores: from the predicted coverage of both alleles to one number for each variant and track. One file each.

Every score is a pure function of ``ref`` and ``alt``, float64 ``[n, bins, tracks]`` (coverage >= 0 of the same bins of
the same window), and of a ``mask``, bool ``[n, bins, tracks]``, of the bins that it reads; it gives ``[n, tracks]``.
Direction: everything is ALT over REF, so positive is a gain of coverage by the alternative allele.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from presage import plugins
from presage.sequence.variants.scores.d2 import d2, log_d2
from presage.sequence.variants.scores.js import js
from presage.sequence.variants.scores.log_ratio import log_fc
from presage.sequence.variants.scores.sad import sad

CENTRE = 501
"""Width of the centre mask, bp."""


class Score(NamedTuple):
    """A column of the `scores` table.

    ``measure`` takes ``ref``, ``alt``, ``mask`` and the pseudocount. ``centre``: the mask is the centre of every track,
    whatever its span.
    """

    measure: Callable[[Tensor, Tensor, Tensor, float], Tensor]
    centre: bool = False


SCORES = {
    "log_fc": Score(log_fc),
    "sad": Score(sad),
    "d2": Score(d2),
    "log_d2": Score(log_d2),
    "js": Score(js),
    "centre_log_fc": Score(log_fc, centre=True),
}
"""By the name of the column. ``log_fc`` comes first: spread, specificity and p-values are those of it."""


def scores() -> dict[str, Score]:
    """:data:`SCORES`, and those of plugins."""
    return SCORES | plugins.added("score")
