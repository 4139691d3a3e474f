"""Tomtom: the p-values of memelite, chance matches, and q-values."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import false_discovery_control

from presage.sequence.mutagenesis.meme import Motif
from presage.sequence.mutagenesis.tomtom import adjusted, tomtom
from tests.unit.sequence.mutagenesis.peers import FILE, motifs, queries


def test_p_values_are_memelites():
    """Both round scores to integers, each in its own way: p agrees to a third at worst, to 3 % on the whole."""
    made = json.loads(FILE.read_text())
    theirs, strands = np.array(made["p"]), np.array(made["strands"])
    matches = [tomtom(query, motifs()) for query in queries()]
    ours = np.array([match.p for match in matches])
    apart = np.abs(np.log10(ours) - np.log10(theirs))
    assert apart.max() < 0.15
    assert apart.mean() < 0.015
    clear = theirs < 0.01
    assert clear.sum() > 8
    assert (np.array([match.strand for match in matches])[clear] == np.where(strands == 0, "+", "-")[clear]).all()


def test_chance_matches_are_rarely_significant():
    rng = np.random.default_rng(0)
    p = np.concatenate([tomtom(np.eye(4)[rng.integers(0, 4, 8)], motifs()).p for _ in range(20)])
    assert 0.02 < (p < 0.05).mean() < 0.08


def test_a_motif_is_most_like_itself_on_either_strand():
    known = motifs()
    for i in (3, 20, 41):
        own = known[i].probabilities
        for query, strand in ((own, "+"), (own[::-1, ::-1], "-")):
            match = tomtom(query, known)
            assert match.p.argmin() == i
            assert match.strand[i] == strand


def test_one_motif_of_one_column():
    match = tomtom(np.eye(4)[[0, 1, 2]], [Motif("m", np.array([[0.25, 0.25, 0.25, 0.25]]))])
    assert 0 < match.p[0] <= 1


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(1e-6, 1)))
def test_q_is_benjamini_and_hochbergs(p):
    np.testing.assert_allclose(adjusted(p), false_discovery_control(p.ravel()).reshape(p.shape))
