"""Tables of text from outside: cells stay as they are written, and surplus cells do not move the columns."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage import text_table
from presage.errors import UserError


def test_cells_stay_as_they_are_written(tmp_path):
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(b"a\tb\n001\tNA\n1e3\t\n"))
    frame = text_table.read(tmp_path / "t.tsv.gz", empty=["NA"])
    assert frame["a"].tolist() == ["001", "1e3"] and frame["b"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a\tb\n1\t2\t3\n4\t5\t6\n", "has rows with more cells than the header"),
        (b"a\tb\n1\t2\n4\t5\t6\n", r"cannot be read as a table \(.*saw 3\)"),
        (b"", "cannot be read as a table"),
        (b"a\tb\n\xff\xfe\t1\n", "cannot be read as a table"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path, text, words):
    (tmp_path / "t.tsv").write_bytes(text)
    with pytest.raises(UserError, match=words) as caught:
        text_table.read(tmp_path / "t.tsv")
    assert len(str(caught.value).splitlines()) == 1


BEYOND = "11e2147483648"  # for which pandas by itself reads outside its memory, and most often dies


@pytest.mark.parametrize("engine", ["c", "pyarrow"])
def test_floats_are_read_exactly(engine):
    values = np.random.default_rng(0).normal(300, 100, (300, 4))
    text = io.BytesIO(pd.DataFrame(values).to_csv(index=False).encode())
    assert (text_table.read_csv(text, engine=engine).to_numpy() == values).all()


@pytest.mark.parametrize("engine", ["c", "pyarrow"])
def test_an_exponent_beyond_an_int_harms_nothing(engine):
    for _ in range(50):
        column = text_table.read_csv(io.BytesIO(f"a,b\n{BEYOND},1\n".encode() * 20), engine=engine)["a"]
        assert not pd.api.types.is_integer_dtype(column)


def test_numbers_of_text():
    text = pd.Series(["1", " 2.5", "-1e-3", "1E5", BEYOND, "1e-99999", "word", None, ""] * 50)
    expected = [1, 2.5, -0.001, 1e5, np.nan, np.nan, np.nan, np.nan, np.nan] * 50
    np.testing.assert_array_equal(text_table.numbers(text), expected)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_of_text_is_that_number(value):
    assert text_table.numbers(pd.Series([repr(value)])).iloc[0] == pytest.approx(value, rel=1e-15)
