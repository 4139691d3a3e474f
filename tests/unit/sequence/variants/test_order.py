"""Sorting with few rows in memory is sorting."""

import tempfile

from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.variants.order import in_order

ROWS = st.lists(
    st.tuples(st.integers(-(2**62), 2**62), st.text("ACGTé\n", max_size=3), st.floats(allow_nan=False)), max_size=40
)


@given(ROWS, st.integers(1, 9))
def test_any_number_held_gives_the_same(rows, held):
    assert list(in_order(iter(rows), held)) == sorted(rows)


def test_runs_are_removed_even_when_nobody_reads_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = in_order(((i % 7, "x") for i in range(50)), 10)
    assert next(rows) == (0, "x") and len(list(tmp_path.iterdir())) == 1
    rows.close()
    assert not list(tmp_path.iterdir())
    assert len(list(in_order([(1, "x")], 10))) == 1 and not list(tmp_path.iterdir())
