"""Errors are one line that a terminal may be shown."""

import pickle

import pytest

from presage.errors import UserError, damaged, one_line


def test_one_line_whatever_is_in_it():
    error = UserError("a\nb.bam", "is \x1b[31mbad\x1b[0m", "do\tthis\udcff")
    assert str(error) == "a b.bam: is \\x1b[31mbad\\x1b[0m; do this\\udcff"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert one_line("Mäuse № 7") == "Mäuse № 7"


def test_what_goes_wrong_while_a_file_is_read_names_it():
    with pytest.raises(UserError, match=r"x\.h5: is damaged \(KeyError: 'a'\); copy") as caught, damaged("x.h5"):
        {}["a"]
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(UserError, match=r"^y: is wrong$"), damaged("x.h5"):
        raise UserError("y", "is wrong")
    with pytest.raises(UserError, match=r"x\.h5: does not fit into memory"), damaged("x.h5"):
        raise MemoryError
