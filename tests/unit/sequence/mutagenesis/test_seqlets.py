"""Seqlets: the calls of tangermeme, planted stretches, signs, and names by motifs."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from presage import tables
from presage.config.ism import Seqlets
from presage.sequence.mutagenesis.meme import Motif
from presage.sequence.mutagenesis.seqlets import call, importance, seqlets
from presage.sequence.reference.genome import encode
from tests.unit.sequence.mutagenesis.peers import FILE, THRESHOLDS, attributions, motifs


def test_calls_are_tangermemes():
    expected = json.loads(FILE.read_text())["seqlets"]
    for values, per_threshold in zip(attributions(), expected):
        for p, theirs in zip(THRESHOLDS, per_threshold):
            ours = call(values, Seqlets(p=p))
            assert [(one.start, one.end) for one in ours] == [(int(row[0]), int(row[1])) for row in theirs]
            np.testing.assert_allclose([one.total for one in ours], [row[2] for row in theirs])
            np.testing.assert_allclose([one.p for one in ours], [row[3] for row in theirs], rtol=1e-6, atol=1e-15)


@given(arrays(np.float64, st.integers(0, 60), elements=st.floats(-1, 1, width=32)), st.floats(0.005, 0.2))
def test_seqlets_keep_their_lengths_and_do_not_overlap(values, p):
    settings = Seqlets(p=p, shortest=3, longest=8)
    found = sorted(call(values, settings))
    assert all(3 <= one.end - one.start <= 8 and one.p < p for one in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(one.total == pytest.approx(values[one.start : one.end].sum()) for one in found)


def test_nothing_is_called_where_all_bases_are_alike():
    assert call(np.zeros(50), Seqlets()) == []
    assert call(np.ones(3), Seqlets()) == []


def table(text: str, held: np.ndarray, track: str = "a_atac", start: int = 100) -> pd.DataFrame:
    """Rows of the `ism` table whose importance is ``held``, with deletions that say something else."""
    rows = [
        ("chr1", start + i, letter, alt, track, "a", "atac", 9.0 if alt == "-" else -value, np.nan)
        for i, (letter, value) in enumerate(zip(text, held))
        if letter != "N"
        for alt in "ACGT-"
        if alt != letter
    ]
    return pd.DataFrame(rows, columns=tables.SCHEMAS["ism"].names)


def test_importance_is_what_a_base_holds_up():
    held = importance(table("ACGT", np.array([2.0, -0.5, 0, 1])))
    assert held.to_dict() == {100: 2.0, 101: -0.5, 102: 0.0, 103: 1.0}


def test_planted_stretches_are_found_with_sign_place_and_motif(tmp_path):
    rng = np.random.default_rng(3)
    known = motifs()
    up, down = ("".join("ACGT"[b] for b in known[i].probabilities.argmax(axis=1)) for i in (7, 11))
    down = down[::-1].translate(str.maketrans("ACGT", "TGCA"))  # on the other strand
    text = list("".join(rng.choice(list("ACGT"), 120)))
    held = rng.normal(0, 0.01, 120)
    text[30 : 30 + len(up)], held[30 : 30 + len(up)] = up, 0.5
    text[80 : 80 + len(down)], held[80 : 80 + len(down)] = down, -0.4
    text[5] = "N"
    rows = table("".join(text), held)
    found = seqlets(rows, "r", Seqlets(), known)
    tables.write(tmp_path / "s.parquet", "seqlets", found)
    best = found[found["p"] < 1e-6].set_index("motif")
    assert set(best.index) == {"7", "11"}
    for name, site, sign, strand in (("7", (130, 130 + len(up)), 0.5, "+"), ("11", (180, 180 + len(down)), -0.4, "-")):
        one = best.loc[name]
        assert site[0] - 2 <= one["start"] <= site[0] and site[1] <= one["end"] <= site[1] + 2
        assert one["strand"] == strand
        assert one["attribution"] == pytest.approx(sign * (site[1] - site[0]), abs=0.1)
        assert one["sequence"] == "".join(text[one["start"] - 100 : one["end"] - 100])
    assert (best["match_q"] < 0.05).all()
    assert (found["match_q"] >= found["match_p"]).all()


def test_without_motifs_seqlets_have_no_name(tmp_path):
    values = attributions()[0]
    found = seqlets(table("A" * 150, values), "r", Seqlets(), [])
    tables.write(tmp_path / "s.parquet", "seqlets", found)
    assert len(found)
    assert found[["motif", "strand", "match_p", "match_q"]].isna().all(axis=None)
    none = seqlets(table("ACGT", np.zeros(4)), "r", Seqlets(), [Motif("m", np.eye(4)[encode("ACGTA")])])
    tables.write(tmp_path / "none.parquet", "seqlets", none)
    assert none.empty
