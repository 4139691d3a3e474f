"""presage.sequence.reference.stretches: they are the genome, end between genes, and are shared out in order."""

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.reference.stretches import Stretch, cut, share_out

GENES = st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 9_000)), max_size=12)


@given(GENES, st.integers(1_000, 30_000), st.integers(1, 100_000))
def test_stretches_are_the_genome_and_cross_no_gene(spans, longest, length):
    spans = [(s, s + n) for s, n in spans if s + n <= length]
    genes = pd.DataFrame(spans, columns=["start", "end"]).assign(chrom="c")
    found = cut({"c": length, "empty": 5}, genes, longest)
    assert found[-1] == Stretch("empty", 0, 5)
    here = [s for s in found if s.chrom == "c"]
    assert here[0].start == 0
    assert here[-1].end == length
    assert all(a.end == b.start for a, b in pairwise(here))
    for stretch in here[1:]:
        assert not any(start - 1_000 < stretch.start < end + 1_000 for start, end in spans)
    if not spans:
        assert [s.start for s in here] == list(range(0, length, longest))


def test_a_boundary_moves_to_the_end_of_overlapping_genes():
    genes = pd.DataFrame({"chrom": "c", "start": [8_000, 11_500], "end": [12_000, 20_000]})
    assert [s.start for s in cut({"c": 50_000}, genes, 10_000)] == [0, 21_000, 30_000, 40_000]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(1, 9))
def test_parts_are_all_stretches_in_order(weights, parts):
    stretches = [Stretch("c", i, i + 1) for i in range(len(weights))]
    shared = share_out(stretches, weights, parts)
    assert len(shared) == parts
    assert [s for part in shared for s in part] == stretches


def test_parts_weigh_about_the_same():
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 100, 200)
    shared = share_out([Stretch("c", i, i + 1) for i in range(200)], weights, 4)
    sums = [sum(weights[s.start] for s in part) for part in shared]
    assert max(sums) - min(sums) <= 2 * weights.max()
