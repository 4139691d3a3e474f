"""What the page carries is what the table holds, to the last digit, and never more than a page has room for."""

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.report.variants import data as variants_data
from presage.report.variants.data import EFFECT, listed, pack, plain, unpack
from presage.report.variants.page import symbols
from presage.report.variants.rows import overview
from tests.unit.report.made_up_variants import GENES, made_up_set, tracks_of

TYPES = ["astro", "micro </script> µ"]
TRACKS = tracks_of(TYPES)
EACH = len(TRACKS)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return made_up_set(tmp_path_factory.mktemp("set"), 70, TYPES, conformal_low=-0.1 / 3, conformal_high=2 / 3)


def packed(given, simulated=True):
    return listed(overview(given.scores), TRACKS, symbols(GENES), simulated)


def test_every_number_is_that_of_the_file(given):
    found = packed(given)
    data, scores = unpack(found.text), tables.read(given.scores, "scores")
    assert found.variants == 70 and [track["slug"] for track in data["tracks"]] == TRACKS["slug"].tolist()
    rows = scores.set_index(["variant", "track"])
    order = [(variant, track) for variant in data["sites"]["variant"] for track in TRACKS["slug"]]
    for name in EFFECT:
        assert data["effects"][name] == rows.loc[order, name].tolist(), name
    first = rows.loc[[(variant, TRACKS["slug"][0]) for variant in data["sites"]["variant"]]]
    for name in ("chrom", "pos", "ref", "alt", "fold"):
        assert data["sites"][name] == first[name].tolist()
    assert [v if v is not None else np.nan for v in data["sites"]["tss_distance"]] == pytest.approx(
        first["tss_distance"].astype(float).tolist(), nan_ok=True
    )
    known = [gene for gene in data["sites"]["gene"] if gene]
    assert 0 < len(known) < 70 and set(known) == {"g3"} and set(data["sites"]["symbol"]) == {"GENE3", None}


def test_the_strongest_come_first(given):
    effects = unpack(packed(given).text)["effects"]
    size = np.where(effects["main_strand"], np.abs(effects["log_fc"]), 0).reshape(-1, EACH).max(axis=1)
    assert (np.diff(size) <= 0).all()


def test_columns_that_nobody_has_are_left_out(tmp_path):
    data = unpack(packed(made_up_set(tmp_path, 5, TYPES, p_null=None, percentile=None, log_fc_sd=None)).text)
    assert list(data["effects"]) == ["log_fc", "sign_agreement", "top_share", "main_strand"]


def test_what_some_have_is_none_for_the_others(tmp_path):
    data = unpack(packed(made_up_set(tmp_path, 5, TYPES)).text)
    scores = tables.read(tmp_path / "scores.parquet", "scores")
    scores.loc[scores["variant"] == data["sites"]["variant"][1], "p_null"] = np.nan
    tables.write(tmp_path / "scores.parquet", "scores", scores, {})
    p = unpack(listed(overview(tmp_path / "scores.parquet"), TRACKS, {}, None).text)["effects"]["p_null"]
    assert p[EACH : 2 * EACH] == [None] * EACH and None not in p[:EACH]


def test_a_page_is_never_too_large(given, monkeypatch):
    whole = packed(given)
    monkeypatch.setattr(variants_data, "ROOM", len(whole.text) // 2)
    half = packed(given)
    assert len(half.text) <= len(whole.text) // 2 and 20 < half.variants < 45
    data = unpack(half.text)
    assert data["sites"]["variant"] == unpack(whole.text)["sites"]["variant"][: half.variants]
    assert len(data["effects"]["log_fc"]) == half.variants * EACH
    monkeypatch.setattr(variants_data, "ROOM", 10)
    assert packed(given).variants == 1


def test_no_variant_is_an_empty_table(tmp_path):
    found = packed(made_up_set(tmp_path, 0, TYPES))
    data = unpack(found.text)
    assert found.variants == 0 and data["tracks"] == [] and data["effects"] == {} and data["sites"]["variant"] == []


def test_no_markup_and_equal_text_for_equal_data(given):
    first, second = packed(given), packed(given)
    assert first == second and "<" not in first.text
    assert unpack(first.text)["tracks"][1]["cell_type"] == "micro </script> µ"
    assert unpack(packed(given, None).text)["simulated"] is None


def test_what_json_cannot_say_is_none():
    values = pd.Series([1.5, np.nan, np.inf, -0.0])
    assert plain(values) == [1.5, None, None, -0.0]
    assert plain(pd.Series(pd.array([3, None], "Int64"))) == [3, None]
    assert unpack(pack({"a": plain(pd.Series([0.1 + 0.2, None]))})) == {"a": [0.1 + 0.2, None]}
