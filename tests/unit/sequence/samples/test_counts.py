"""presage.sequence.samples.counts: reads to genes, and molecules by group of cells."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from presage.sequence.samples.counts import GeneTable, GroupCounts
from tests.unit.sequence.small_reads import reads_of

GENES = pd.DataFrame(
    [
        ("g0", "A", "chr1", 0, 100, "+", [0, 60], [20, 100]),
        ("g1", "B", "chr1", 80, 150, "+", [80], [150]),
        ("g2", "C", "chr1", 30, 50, "-", [30], [50]),
        ("g3", "D", "chr2", 0, 50, "+", [0], [50]),
    ],
    columns=["gene_id", "name", "chrom", "start", "end", "strand", "exon_starts", "exon_ends"],
)


@pytest.mark.parametrize(
    ("minus", "blocks", "exonic", "with_introns"),
    [
        (False, [(5, 15)], 0, 0),
        (False, [(30, 40)], -1, 0),  # an intron of g0
        (True, [(30, 40)], 2, 2),
        (False, [(85, 95)], -1, -1),  # exons of g0 and g1
        (False, [(110, 120)], 1, 1),
        (False, [(10, 20), (60, 70)], 0, 0),  # spliced
        (False, [(10, 20), (110, 120)], -1, -1),  # two genes
        (False, [(10, 20), (85, 95)], 0, 0),  # one block is undecided, the other is not
        (False, [(200, 220)], -1, -1),
    ],
)
def test_a_read_belongs_to_the_one_gene_that_its_blocks_name(minus, blocks, exonic, with_introns):
    reads = reads_of([(0, 1, minus, blocks)])
    assert GeneTable(GENES, introns=False).assign(reads, "chr1").tolist() == [exonic]
    assert GeneTable(GENES, introns=True).assign(reads, "chr1").tolist() == [with_introns]
    assert GeneTable(GENES, introns=True).assign(reads, "chr3").tolist() == [-1]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=6), st.lists(st.integers(-5, 110)))
def test_assignment_equals_a_plain_search(exons, positions):
    genes = pd.DataFrame(
        [(f"g{i}", "x", "c", s, s + n, "+", [s], [s + n]) for i, (s, n) in enumerate(exons)], columns=GENES.columns
    )
    reads = reads_of([(0, 1, False, [(p, p + 1)]) for p in positions])
    expected = []
    for p in positions:
        hits = [i for i, (s, n) in enumerate(exons) if s <= p < s + n]
        expected.append(hits[0] if len(hits) == 1 else -1)
    assert GeneTable(genes, introns=False).assign(reads, "c").tolist() == expected


def test_sense_counts_exons_of_one_strand_only():
    rows = [(0, 1, False, [(5, 15)]), (0, 2, True, [(5, 15)]), (0, 3, True, [(35, 45)]), (0, 4, False, [(300, 310)])]
    found = GeneTable(GENES, introns=True).sense(reads_of(rows), "chr1")
    assert found == {"sense": 2, "antisense": 1}


def test_group_counts_add_up_and_never_mix_sources(tmp_path):
    counts = GroupCounts()
    one, two = ("reads", "r", "T", "d", "c", "t"), ("h5ad", "", "T", "d", "c", "t")
    counts.add([one], [("g1", "B"), ("new", "N")], sparse.coo_matrix([[2, 1]]))
    counts.add([one, two], [("g0", "A"), ("g1", "B")], sparse.coo_matrix([[0, 5], [7, 0]]))
    counts.write(tmp_path / "c.h5ad", GENES, {"seed": 1})
    data = anndata.read_h5ad(tmp_path / "c.h5ad")
    assert data.var_names.tolist() == ["g0", "g1", "g2", "g3", "new"]
    assert data.var["in_reference"].tolist() == [True] * 4 + [False]
    found = dict(zip(data.obs["source"], np.asarray(data.X.todense()).tolist()))
    assert found == {"reads": [0, 7, 0, 0, 1], "h5ad": [7, 0, 0, 0, 0]}
    assert dict(zip(data.obs["source"], data.obs["umis"])) == {"reads": 8, "h5ad": 7}
    assert json.loads(data.uns["presage"]) == {"seed": 1}
