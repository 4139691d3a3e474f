"""How effects are read: which bins are summed, and each track by its own span."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.mutagenesis.reading import Reading
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.variants.cases import SHAPE, random_genome, small_model


@given(st.integers(0, 100), st.integers(1, 40), st.integers(1, 16), st.integers(-50, 300), st.integers(1, 200))
def test_bins_are_those_that_a_span_around_the_change_meets(first, bins, size, at, span):
    low, high = Reading(first, size, (), 1.0).bins(at, span, bins)
    for i in range(bins):
        left, right = first + i * size, first + (i + 1) * size
        away = max(left - at, at - right, 0)
        assert (low <= i < high) == (away < span / 2)


def test_as_a_scorer_masks_a_variant_in_the_middle(tmp_path):
    genome, _ = random_genome(tmp_path)
    spans = [None, 40, 1, 512, 16, None]
    scorer = Scorer([small_model(1)], genome, spans=spans)
    variant = Variant("", "chr1", 300, "A", "C", 1)
    mask = scorer.mask(scorer.away(scorer.window(variant), [variant]))[0].numpy()
    size = SHAPE.bin_size
    reading = Reading((SHAPE.context - SHAPE.out_bins * size) // 2, size, tuple(spans), 1.0)
    for track, span in enumerate(spans):
        if span is not None:
            low, high = reading.bins(SHAPE.context // 2, span, SHAPE.out_bins)
            assert np.flatnonzero(mask[:, track]).tolist() == list(range(low, high))


def test_log_ratio_of_sums_of_each_track_in_its_span():
    rng = np.random.default_rng(0)
    ref, alt = (torch.from_numpy(rng.random(shape).astype(np.float32)) for shape in ((10, 3), (2, 10, 3)))
    found = Reading(100, 10, (None, 40, 1), 0.5).log_fc(ref, alt, [133, 199])
    for i, ranges in enumerate([[(0, 10), (1, 6), (3, 4)], [(0, 10), (7, 10), (9, 10)]]):
        for track, (low, high) in enumerate(ranges):
            sums = [part[low:high, track].double().sum().item() + 0.5 for part in (alt[i], ref)]
            assert found[i, track] == pytest.approx(np.log2(sums[0] / sums[1]), abs=1e-12)


def test_a_change_far_from_the_output_has_no_effect():
    ref, alt = torch.ones(4, 1), torch.full((1, 4, 1), 7.0)
    assert Reading(1000, 8, (16,), 1.0).log_fc(ref, alt, [5]).tolist() == [[0.0]]
