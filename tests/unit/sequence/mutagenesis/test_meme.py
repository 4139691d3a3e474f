"""MEME files: round trip, what others write, and refusals."""

import numpy as np
import pytest

from presage.errors import UserError
from presage.sequence.mutagenesis.meme import Motif, meme_lines, read_meme
from tests.unit.sequence.mutagenesis.peers import motifs


def test_round_trip(tmp_path):
    path = tmp_path / "m.meme"
    path.write_text("\n".join(meme_lines(motifs())) + "\n")
    for read, given in zip(read_meme(path), motifs(), strict=True):
        assert read.name == given.name
        np.testing.assert_allclose(read.probabilities, given.probabilities, atol=2e-6)


def test_names_with_an_alias_and_matrices_without_a_width(tmp_path):
    path = tmp_path / "m.meme"
    path.write_text(
        "MEME version 5\nMOTIF MA0139.1 CTCF\n\nletter-probability matrix: alength=4 w=2 nsites= 9 E= 0\n"
        "\n 0.5 0.5 0 0\n0 0\t1 0\n\nURL http\nMOTIF x\nletter-probability matrix:\n1 0 0 0\n0 1 0 0\n0 0 1 0\n"
    )
    first, second = read_meme(path)
    assert first.name == "MA0139.1"
    assert first.probabilities.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 1, 0]]
    assert second.probabilities.argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not in MEME format"),
        (">motif\nACGT\n", "is not in MEME format"),
        ("MEME version 4\n", "has no letter-probability matrix"),
        ("MEME version 4\nMOTIF a\nletter-probability matrix: w= 2\n1 0 0 0\n", r"line 3: is not followed by w rows"),
        ("MEME version 4\nMOTIF a\nletter-probability matrix: w= 1\n1 0 0\n", r"line 3: is not followed by w rows"),
        ("MEME version 4\nMOTIF a\nletter-probability matrix: w= 1\n0 0 0 0\n", r"line 3: is not followed by w rows"),
    ],
)
def test_refusals(tmp_path, text, said):
    path = tmp_path / "m.meme"
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        read_meme(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="cannot be read as MEME motifs"):
        read_meme(tmp_path / "none.meme")


def test_only_what_can_be_read_is_written():
    text = "\n".join(meme_lines([Motif("a", np.eye(4)[[0, 3]])], (0.3, 0.2, 0.2, 0.3)))
    assert "A 0.3 C 0.2 G 0.2 T 0.3" in text
    assert text.endswith("w= 2\n1.000000 0.000000 0.000000 0.000000\n0.000000 0.000000 0.000000 1.000000")
