"""Tables of text from outside: cells stay as they are written, and surplus cells do not move the columns."""

import gzip

import pytest

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
