"""Genes below a figure: none over another, all named, what lies outside is cut by the axis."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from presage.report.pseudobulk.gene_models import draw_genes, lanes, rows_needed
from presage.report.style import new_figure, style


def genes(*bodies: tuple[int, int]) -> pd.DataFrame:
    rows = [
        {
            "gene_id": f"g{i}",
            "name": f"GENE{i}",
            "chrom": "c",
            "start": start,
            "end": end,
            "strand": "+-"[i % 2],
            "exon_starts": [start],
            "exon_ends": [end],
        }
        for i, (start, end) in enumerate(bodies)
    ]
    return pd.DataFrame(rows)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 300)), max_size=12), st.integers(0, 100))
def test_no_two_genes_of_a_row_meet(bodies, room):
    table = genes(*sorted((start, start + length) for start, length in bodies))
    rows = list(table.itertuples(index=False))
    last = {}
    for gene, lane in zip(rows, lanes(rows, room)):
        assert gene.start >= last.get(lane, 0)
        last[lane] = max(gene.end, gene.start + room)
    assert sorted(last) == list(range(len(last)))  # no row is left empty


def drawn(table, rows):
    with style():
        axes = new_figure("", 2, False).subplots()
        left_out = draw_genes(axes, table, 1000, 2000, "c (bp)", rows)
    return axes, left_out


def test_all_are_named_and_the_axis_is_that_of_the_figure():
    axes, left_out = drawn(genes((900, 1100), (1500, 1600)), 4)
    assert [text.get_text() for text in axes.texts] == ["GENE0", "GENE1"] and left_out == 0
    assert axes.texts[0].get_position()[0] == 1000  # a gene that starts outside is named at the edge
    assert axes.get_xlim() == (1000, 2000)


def test_what_has_no_room_is_counted():
    crowd = genes(*[(1200, 1900)] * 6)
    assert rows_needed(crowd, 1000, 2000) == 6
    axes, left_out = drawn(crowd, 4)
    assert len(axes.texts) == 4 and left_out == 2


def test_no_gene_is_no_error():
    none = genes((1, 2)).iloc[:0]
    assert rows_needed(none, 1000, 2000) == 1
    axes, left_out = drawn(none, 4)
    assert axes.texts[:] == [] and left_out == 0
