"""presage.sequence.samples.umis: molecules, exact or one-base errors joined, against plain sets and search."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage.sequence.samples.umis import directional, encode, molecules
from tests.unit.sequence.small_reads import reads_of


def plain(umi):
    """A UMI as a number, letter by letter; -1 where it is none."""
    if not 0 < len(umi) <= 20 or set(umi) - set("ACGT"):
        return -1
    number = 1
    for letter in umi:
        number = 4 * number + "ACGT".index(letter)
    return number


@given(st.lists(st.text("ACGTN-", max_size=22), max_size=20))
def test_encoding_is_base_four_with_a_leading_one(umis):
    assert encode(umis).tolist() == [plain(umi) for umi in umis]


def test_letters_beyond_ascii_make_no_umi():
    assert encode(["ACGT", "ACGé"]).tolist() == [plain("ACGT"), -1]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans(), st.integers(-1, 2)), min_size=1, max_size=25
    )
)
def test_molecules_equal_a_set_of_keys(rows):
    gene = np.array([row[3] for row in rows])
    first = molecules(reads_of([(c, u, m, [(0, 1)]) for c, u, m, _ in rows]), gene)
    with_gene = {row[:3] for row in rows if row[3] >= 0}
    expected, seen = [], set()
    for row in rows:
        new = row not in seen and (row[3] >= 0 or row[:3] not in with_gene)
        expected.append(new)
        seen.add(row)
    assert first.tolist() == expected


def test_reads_without_umis_are_all_kept():
    assert molecules(reads_of([(0, -1, False, [(0, 1)])] * 3), np.full(3, -1)).all()


def plain_directional(counts):
    """Molecules of one cell and gene from reads per UMI: claims from the most frequent down, breadth first."""
    near = {
        a: [b for b in counts if sum(x != y for x, y in zip(a, b)) == 1 and counts[a] >= 2 * counts[b] - 1]
        for a in counts
    }
    heads, claimed = set(), set()
    for umi in sorted(counts, key=lambda u: (-counts[u], u)):
        if umi in claimed:
            continue
        heads.add(umi)
        queue = [umi]
        claimed.add(umi)
        while queue:
            for other in near[queue.pop(0)]:
                if other not in claimed:
                    claimed.add(other)
                    queue.append(other)
    return heads


UMIS = ["".join(letters) for letters in itertools.product("ACGT", repeat=3)]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(["x", "y", None]), st.sampled_from(UMIS)), min_size=1, max_size=60
    )
)
def test_directional_molecules_equal_a_plain_search(rows):
    """Genes and strands apart: reads without a gene are here on a strand of their own, so that none can join one."""
    gene = np.array([{"x": 0, "y": 1, None: -1}[g] for _, g, _ in rows])
    reads = reads_of([(c, plain(u), g is None, [(0, 1)]) for c, g, u in rows])
    kept = molecules(reads, gene, "directional")
    found = Counter(rows[i][:2] for i in np.flatnonzero(kept))
    expected = {}
    for key in {row[:2] for row in rows}:
        counts = Counter(u for c, g, u in rows if (c, g) == key)
        expected[key] = plain_directional(counts)
    assert found == {key: len(heads) for key, heads in expected.items()}
    for i in np.flatnonzero(kept):
        assert rows[i][2] in expected[rows[i][:2]]
        assert rows[i] not in rows[:i]  # the first read of its UMI


def test_the_rule_of_the_paper():
    """n(a) >= 2 n(b) - 1 (Smith et al. 2017): 456 and 2 join, 90 and 72 do not."""
    umi = np.array([plain(u) for u in ("ACGT", "ACAT", "TCGT")])
    zeros = np.zeros(3, dtype=int)
    assert directional(zeros, zeros, umi, np.array([456, 2, 90])).tolist() == [True, False, False]
    assert directional(zeros, zeros, umi, np.array([90, 2, 72])).tolist() == [True, False, True]
    assert directional(zeros, np.array([0, 1, 1]), umi, np.array([90, 2, 72])).tolist() == [True, True, True]


@pytest.mark.parametrize("length", [1, 12, 20])
def test_umis_of_any_length_have_neighbours(length):
    umi = encode(["A" * length, "A" * (length - 1) + "C", "A" * length + "C" if length < 20 else "G" * 20])
    zeros = np.zeros(3, dtype=int)
    assert directional(zeros, zeros, umi, np.array([9, 1, 1])).tolist() == [True, False, True]


def test_none_keeps_every_read():
    assert molecules(reads_of([(0, 5, False, [(0, 1)])] * 3), np.full(3, -1), "none").all()
