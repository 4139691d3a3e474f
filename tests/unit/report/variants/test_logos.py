"""A logo shows the bases that the region holds there, as high as the tables of mutagenesis say."""

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.report.figures.ism import LETTERS
from presage.report.variants import logos as variants_logos
from presage.report.variants.logos import FLANK, glyphs, logos, outline
from presage.sequence.mutagenesis.seqlets import importance

TRACKS = ["a_atac", "b_atac"]
LOW, HIGH = 100, 200


def ism(chrom="chr1", gap=()):
    rng = np.random.default_rng(0)
    rows = [
        (chrom, pos, "ACGT"[pos % 4], alt, track, track[0], "atac", float(rng.normal()), 0.1)
        for pos in range(LOW, HIGH)
        if pos not in gap
        for track in TRACKS
        for alt in "ACGT-"
        if alt != "ACGT"[pos % 4]
    ]
    return pd.DataFrame(rows, columns=tables.SCHEMAS["ism"].names)


@pytest.fixture
def region(tmp_path):
    tables.write(tmp_path / "r.parquet", "ism", ism())
    return {"r": tmp_path / "r.parquet"}


def best(*places, ref="A"):
    rows = [{"rank": n, "chrom": chrom, "pos": pos, "ref": ref} for n, (chrom, pos) in enumerate(places, 1)]
    return pd.DataFrame(rows)


def logos_of(regions, *places, ref="A"):
    return logos(best(*places, ref=ref), regions, lambda rank: TRACKS)


def test_bases_and_importance_are_those_of_the_region(region):
    found = logos_of(region, ("chr1", 150))[1]
    assert found["region"] == "r" and found["start"] == 150 - FLANK
    assert found["letters"] == "".join("ACGT"[pos % 4] for pos in range(150 - FLANK, 151 + FLANK))
    for track in TRACKS:
        table = ism()
        own = importance(table[table["track"] == track]).loc[150 - FLANK : 150 + FLANK]
        np.testing.assert_allclose(found["importance"][track], own, rtol=1e-3)


@pytest.mark.parametrize(
    ("pos", "ref", "start", "length"), [(100, "A", 100, 21), (199, "AC", 179, 21), (150, "ACG", 130, 43)]
)
def test_it_ends_where_the_region_ends(region, pos, ref, start, length):
    found = logos_of(region, ("chr1", pos), ref=ref)[1]
    assert (found["start"], len(found["letters"])) == (start, length)


def test_variants_outside_have_none(region):
    found = logos_of(region, ("chr1", LOW - 1), ("chr1", LOW), ("chr2", 150), ("chr1", HIGH - 1), ("chr1", HIGH))
    assert set(found) == {2, 4} and logos_of({}, ("chr1", 150)) == {}


def test_the_strongest_come_first(region, monkeypatch):
    monkeypatch.setattr(variants_logos, "MOST", 2)
    assert set(logos_of(region, *[("chr1", pos) for pos in (90, 150, 151, 152)])) == {2, 3}


def test_bases_that_could_not_be_changed_are_n(tmp_path):
    tables.write(tmp_path / "r.parquet", "ism", ism(gap=(150, 151)))
    found = logos_of({"r": tmp_path / "r.parquet"}, ("chr1", 152))[1]
    assert found["letters"][FLANK - 2 : FLANK + 1] == "NNA" and found["importance"]["a_atac"][FLANK - 2] == 0.0


def test_an_empty_region_covers_nothing(tmp_path, region):
    tables.write(tmp_path / "e.parquet", "ism", tables.empty("ism"))
    assert logos_of({"e": tmp_path / "e.parquet", **region}, ("chr1", 150))[1]["region"] == "r"


def test_tracks_that_were_not_scored_are_left_out(region):
    found = logos(best(("chr1", 150)), region, lambda rank: ["b_atac", "c_atac"])
    assert list(found[1]["importance"]) == ["b_atac"]


def test_letters_fill_their_square():
    assert set(glyphs()) == set(LETTERS)
    for letter in LETTERS:
        path = outline(letter)
        assert path.startswith("M") and path.endswith("Z")
        numbers = [float(x) for x in path.replace("Z", " ").translate({ord(c): " " for c in "MLQC"}).split()]
        assert min(numbers) == pytest.approx(0, abs=0.01) and max(numbers) == pytest.approx(1, abs=0.01)
