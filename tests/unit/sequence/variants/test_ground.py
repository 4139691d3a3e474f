"""Strata of a genome against asking for every base where it lies."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.ground import NO_START, Ground, union
from presage.sequence.variants.places import Places

LENGTHS = {"c1": 60, "c2": 40, "c3": 12}
EDGES = [1, 4, 9, 20]
SPAN = st.tuples(st.sampled_from(["c1", "c2"]), st.integers(-10, 55), st.integers(1, 25))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(SPAN, st.sampled_from(["train", "valid", "test"])), max_size=6),
    st.lists(st.tuples(st.sampled_from(["c1", "c2"]), st.integers(0, 39), st.sampled_from("+-")), max_size=5),
    st.lists(SPAN, max_size=4),
)
def test_every_base_is_in_its_own_stratum(windows, starts, closed):
    cut = pd.DataFrame(
        [(c, s, s + n, fold) for (c, s, n), fold in windows], columns=["chrom", "out_start", "out_end", "fold"]
    )
    genes = pd.DataFrame(
        [(c, t, s, f"g{i}") for i, (c, t, s) in enumerate(starts)], columns=["chrom", "tss", "strand", "gene_id"]
    )
    shut = {
        chrom: np.array([(s, s + n) for c, s, n in closed if c == chrom], np.int64).reshape(-1, 2) for chrom in LENGTHS
    }
    ground, places = Ground(LENGTHS, cut, genes, EDGES, shut), Places(cut, genes)
    expected: dict = {}
    for chrom, length in LENGTHS.items():
        where = places([Variant("", chrom, pos, "A", "C", 1) for pos in range(length)])
        for pos in range(length):
            is_open = 0 < pos < length - 1 and not any(c == chrom and s <= pos < s + n for c, s, n in closed)
            assert ground.holds(chrom, pos, pos + 1) == is_open
            if is_open:
                distance = where["tss_distance"][pos]
                near = ground.bin_of(None if pd.isna(distance) else int(distance))
                expected.setdefault((where["fold"][pos], near), set()).add((chrom, pos))
    for fold in ("train", "valid", "test", "outside"):
        for tss_bin in (NO_START, *range(ground.bins)):
            assert set(places_of(ground, fold, tss_bin)) == expected.get((fold, tss_bin), set())
    assert sorted(places_of(ground, None, None)) == sorted(place for part in expected.values() for place in part)


def places_of(ground, fold, tss_bin):
    """Every base of a stratum; each but once."""
    stretch = ground.stretch(fold, tss_bin)
    contig, pos = stretch.at(np.arange(stretch.size))
    found = [(ground.contigs[c], int(p)) for c, p in zip(contig, pos)]
    assert len(set(found)) == len(found)
    return found


def test_bins_hold_their_lower_edge():
    ground = Ground(LENGTHS, pd.DataFrame(columns=["chrom", "fold"]), pd.DataFrame(columns=["chrom"]), EDGES, {})
    found = {distance: ground.bin_of(distance) for distance in (0, 1, -1, 3, 4, -9, 19, 20, 10**7, None)}
    assert found == {0: 0, 1: 1, -1: 1, 3: 1, 4: 2, -9: 3, 19: 3, 20: 4, 10**7: 4, None: NO_START}
    assert ground.bins == 5


def test_a_union_takes_anything():
    assert union(np.array([[5, 5], [3, 4], [9, 2], [4, 6]])).tolist() == [[3, 6]]
    assert union(np.zeros((0, 2), np.int64)).shape == (0, 2)
