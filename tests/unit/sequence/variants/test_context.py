"""Trinucleotides of both strands as one, against letters."""

from itertools import product

import numpy as np

from presage.sequence.variants.context import contexts, folded

TURN = str.maketrans("ACGT", "TGCA")


def test_a_context_and_its_other_strand_are_one_and_no_others():
    words = ["".join(letters) for letters in product("ACGT", repeat=3)]
    found = contexts(np.array([["ACGT".index(base) for base in word] for word in words], np.uint8))
    named = dict(zip(words, found.flanked.tolist()))
    for word in words:
        assert named[word] == named[word[::-1].translate(TURN)]
    assert sorted(set(named.values())) == list(range(32))
    assert found.reverse.tolist() == [word[1] in "AG" for word in words]
    assert found.centre.tolist() == [int(word[1] in "AT") for word in words]


def test_unknown_bases():
    found = contexts(np.array([[4, 1, 2], [0, 4, 2], [0, 2, 4]], np.uint8))
    assert found.flanked.tolist() == [-1, -1, -1] and found.centre.tolist() == [0, -1, 0]


def test_a_base_is_read_on_the_pyrimidines_strand_and_back():
    for base, reverse in product(range(4), (False, True)):
        assert folded(folded(base, reverse), reverse) == base
    assert [folded(base, True) for base in range(4)] == [3, 2, 1, 0]
