"""Measured effects: each finds its allele and its tracks, or is counted; what nobody could mean is refused by line."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.errors import UserError
from presage.sequence.variants import measured as module
from presage.sequence.variants.measured import write_measured
from presage.sequence.variants.places import Places
from presage.sequence.variants.sites import Study
from tests.unit.sequence.variants.cases import GENES, TRACKS, WINDOWS, random_genome

SECRET = "MRS_SMITH"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return random_genome(tmp_path_factory.mktemp("genome"))


def run(folder, world, rows, columns="chrom pos ref alt track effect", name="m.tsv"):
    folder.mkdir(exist_ok=True)
    lines = [columns.split(), *rows]
    (folder / name).write_text("\n".join("\t".join(map(str, cells)) for cells in lines) + "\n")
    out = {key: folder / f"{key}.parquet" for key in ("sites", "effects", "dropped")}
    study = Study(world[0], Places(WINDOWS, GENES), 20, 0.5)
    counts = write_measured(folder / name, study, TRACKS, out, meta={"rule": "r"})
    kinds = {"sites": "sites", "effects": "calibration_effects", "dropped": "dropped"}
    return counts, *(tables.read(out[key], kind) for key, kind in kinds.items())


def allele(text, pos, alt=None):
    ref = text["chr1"][pos]
    return "chr1", pos + 1, ref, alt or ("A" if ref != "A" else "C")


def test_an_allele_has_one_site_and_its_effects_in_many_tracks(world, tmp_path):
    text = world[1]
    rows = [
        (*allele(text, 250), "a_atac", 0.5),
        (*allele(text, 40), "b_atac", -1e-3),
        (*allele(text, 40), "a_rna+", 2),
        ("chr9", 5, "A", "C", "a_atac", 1),
        (*allele(text, 40), "b_atac", 7),
        (*allele(text, 41, "<DEL>"), "a_atac", 1),
    ]
    counts, sites, effects, dropped = run(tmp_path, world, rows)
    assert sites["pos"].tolist() == [40, 250] and sites["record"].tolist() == [2, 1]
    assert list(effects.itertuples(index=False, name=None)) == [
        (0, "b_atac", -1e-3),
        (0, "a_rna+", 2.0),
        (1, "a_atac", 0.5),
    ]
    assert dropped["reason"].tolist() == ["unknown_contig", "symbolic", "duplicate"]
    assert dropped["record"].tolist() == [4, 6, 5]
    assert counts == {
        "given": 6,
        "scored": 3,
        "dropped": {"duplicate": 1, "symbolic": 1, "unknown_contig": 1},
        "alleles": 2,
        "measurements": 3,
    }
    assert tables.read_meta(tmp_path / "sites.parquet") == {"rule": "r", "sites": {"counts": counts}}
    assert tables.read_meta(tmp_path / "dropped.parquet") == {"rule": "r", "counts": counts}


def test_a_cell_type_and_an_assay_are_all_their_tracks(world, tmp_path):
    rows = [(SECRET, *allele(world[1], 40), "b", "rna", 0.5), (SECRET, *allele(world[1], 60), "a", "atac", 1)]
    counts, _, effects, _ = run(tmp_path, world, rows, "sample chrom pos ref alt cell_type assay effect")
    assert effects["track"].tolist() == ["b_rna+", "b_rna-", "a_atac"] and effects["site"].tolist() == [0, 0, 1]
    assert (counts["scored"], counts["measurements"]) == (2, 3)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(45, 52),
            st.sampled_from("ACGT"),
            st.sampled_from([("a", "rna"), ("b", "atac"), "a_rna-", "a_atac"]),
            st.floats(-9, 9),
        ),
        max_size=25,
    )
)
def test_every_row_is_scored_or_dropped(world, tmp_path_factory, rows):
    text = world[1]
    named = lambda where: (where, "", "") if isinstance(where, str) else ("", *where)  # noqa: E731
    cells = [("chr1", pos + 1, text["chr1"][pos], alt, *named(where), size) for pos, alt, where, size in rows]
    columns = "chrom pos ref alt track cell_type assay effect"
    counts, sites, effects, dropped = run(tmp_path_factory.mktemp("m"), world, cells, columns)
    assert counts["given"] == len(rows) == counts["scored"] + len(dropped)
    assert not effects.duplicated(["site", "track"]).any() and set(effects["site"]) == set(sites["site"])
    # The first row of an allele in a track is the one that counts.
    meant = lambda where: [where] if isinstance(where, str) else SLUGS[where]  # noqa: E731
    for site, track, effect in effects.itertuples(index=False, name=None):
        row = sites.iloc[site]
        assert effect in [s for p, a, where, s in rows if (p, a) == (row["pos"], row["alt"]) and track in meant(where)]


SLUGS = {("a", "rna"): ["a_rna+", "a_rna-"], ("b", "atac"): ["b_atac"]}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("a_atak", "a", "atac", 1), "line 3: track 'a_atak' is none that is scored; e.g. a_atac"),
        (("", "alpha", "atac", 1), "line 3: cell_type 'alpha' is none that is scored; e.g. a"),
        (("", "a", "dnase", 1), "line 3: assay 'dnase' is none that is scored; e.g. "),
        (("", "a", "", 1), "line 3: does not say what was measured; give a track, or a cell_type and an assay"),
        (("a_atac", "", "", "high"), "line 3: effect is no number"),
        (("a_atac", "", "", "nan"), "line 3: effect is no number"),
        (("a_atac", "", "", ""), "line 3: effect is no number"),
    ],
)
def test_what_nobody_can_mean_is_told_by_line(world, tmp_path, cells, said):
    good = (*allele(world[1], 40), "a_atac", "", "", 1)
    columns = "chrom pos ref alt track cell_type assay effect"
    with pytest.raises(UserError, match=said) as caught:
        run(tmp_path, world, [good, (*allele(world[1], 41), *cells)], columns)
    assert "m.tsv line 3" in str(caught.value)


def test_one_row_is_one_allele(world, tmp_path):
    with pytest.raises(UserError, match=r"line 2: has several alleles and one effect"):
        run(tmp_path, world, [("chr1", 5, "A", "C,G", "a_atac", 1)])
    with pytest.raises(UserError, match="has no column effect"):
        run(tmp_path, world, [], "chrom pos ref alt track")


def test_measurements_of_another_build_are_refused(world, tmp_path):
    chrom, pos, ref, alt = allele(world[1], 40)
    with pytest.raises(UserError, match=r"m\.tsv: REF differs from the genome in 1 of 1"):
        run(tmp_path, world, [(chrom, pos, alt, ref, "a_atac", 1)])


def test_many_rows_are_written_in_pieces(world, tmp_path, monkeypatch):
    rows = [(*allele(world[1], pos), "a_atac", pos / 100) for pos in range(60, 20, -1)]
    whole = run(tmp_path, world, rows)
    monkeypatch.setattr(module, "_ROWS", 3)
    for once, parts in zip(whole[1:], run(tmp_path, world, rows)[1:]):
        pd.testing.assert_frame_equal(once, parts)
    assert run(tmp_path, world, [])[0]["given"] == 0
