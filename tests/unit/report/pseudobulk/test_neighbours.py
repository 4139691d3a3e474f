"""What other steps left is read in any shape, and its absence is no error."""

import pandas as pd

from presage.report.pseudobulk.neighbours import leaves, markers, reference_rows, umap
from presage.report.run import Run


def test_leaves_of_nested_numbers():
    tree = {"a": {"b_c": 1, "d": {"e": 2.5}}, "f": [1, 2], "g": [], "h": [{"i": 3}]}
    assert list(leaves(tree)) == [
        ("a · b c", 1),
        ("a · d · e", 2.5),
        ("f", "1, 2"),
        ("g", "none"),
        ("h · 1 · i", 3),
    ]


def test_markers_follow_rank_and_number_of_the_cluster():
    frame = pd.DataFrame({"cluster": ["10", "2", "2"], "gene": ["x", "late", "early"], "rank": [0, 1, 0]})
    assert markers(frame) == [("2", "early, late"), ("10", "x")]
    assert markers(pd.DataFrame({"other": [1]})) == [] and markers(None) == []


def test_a_run_without_them_has_nothing_to_show(tmp_path):
    assert umap(Run(tmp_path)) == "" and reference_rows(Run(tmp_path)) == []
