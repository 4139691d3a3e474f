"""What a page keeps of a table does not depend on how the table was written, and is what the table says."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.report.variants import rows as variant_rows
from presage.report.variants.rows import overview
from presage.sequence.variants.vcf import strongest
from presage.tables import ChunkedTable
from tests.unit.report.made_up_variants import scores_of, tracks_of

TRACKS = tracks_of(["astro", "micro"])
EACH = len(TRACKS)


def written(path, scores, pieces=1):
    """The table in row groups that cut through variants."""
    edges = np.linspace(0, len(scores), pieces + 1).astype(int)
    with ChunkedTable(path, "scores", {}) as table:
        for first, last in pairwise(edges):
            table.add(scores.iloc[first:last])
            table._flush()
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return written(tmp_path_factory.mktemp("scores") / "scores.parquet", scores_of(200, TRACKS), 7)


@pytest.fixture(scope="module")
def scores(path):
    return tables.read(path, "scores")


@pytest.fixture(scope="module")
def seen(path):
    return overview(path, keep=20)


def test_every_variant_is_counted_once(seen, scores):
    best = strongest(scores, EACH)
    assert seen.variants == 200 and seen.cloud["variants"].sum() == 200 and seen.without == 0
    assert seen.folds == best["fold"].value_counts().to_dict()
    sure = (best["sign_agreement"] >= 0.8) & ~(best["log_fc_sd"] > best["log_fc"].abs())
    assert seen.passed == ((best["p_null"] <= 0.05) & sure).sum() > 0
    assert seen.tracks["track"].tolist() == TRACKS["slug"].tolist()


def test_the_top_are_the_strongest_with_all_of_their_rows(seen, scores):
    best = strongest(scores, EACH)
    order = best.iloc[best["log_fc"].abs().argsort(kind="stable")[::-1][:20]]["variant"].tolist()
    assert seen.top["variant"].tolist() == [name for name in order for _ in range(EACH)]
    assert seen.top["rank"].tolist() == [rank for rank in range(1, 21) for _ in range(EACH)]
    own = scores[scores["variant"] == order[3]].reset_index(drop=True)
    found = seen.top[seen.top["rank"] == 4].drop(columns="rank").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, own, check_dtype=False)


def test_the_cloud_is_where_the_variants_are(seen, scores):
    best = strongest(scores, EACH)
    places = np.column_stack([best["log_fc"], -np.log10(best["p_null"])])
    wide, high = np.abs(scores["log_fc"]).max(), -np.log10(scores["p_null"].min())
    for x, y, fold in zip(*places.T, best["fold"]):
        near = seen.cloud[(seen.cloud["fold"] == fold)]
        away = np.maximum(np.abs(near["log_fc"] - x) / wide / 2 * 640, np.abs(near["height"] - y) / high * 400)
        assert away.min() <= 0.5 + 1e-9
    assert seen.height == "p_null" and set(seen.cloud["assay"]) == {"rna", "atac"}


@settings(max_examples=12, deadline=None)
@given(count=st.integers(0, 30), pieces=st.integers(1, 9), keep=st.integers(1, 40))
def test_row_groups_do_not_matter(tmp_path_factory, count, pieces, keep):
    folder = tmp_path_factory.mktemp("pieces")
    scores = scores_of(count, TRACKS, seed=count) if count else tables.empty("scores")
    whole = overview(written(folder / "a.parquet", scores), keep)
    cut = overview(written(folder / "b.parquet", scores, pieces), keep)
    assert whole[0] == cut[0] == count and whole[2:6] == cut[2:6]
    pd.testing.assert_frame_equal(whole.cloud, cut.cloud)
    pd.testing.assert_frame_equal(whole.top, cut.top)
    assert len(whole.top) == EACH * min(count, keep)


def test_without_a_null_the_height_is_the_ratio_to_the_sd(tmp_path):
    scores = scores_of(50, TRACKS, p_null=None, log_fc_sd=0.02)
    seen = overview(written(tmp_path / "scores.parquet", scores))
    best = strongest(scores, EACH)
    assert seen.height == "ratio" and seen.passed == 0
    expected = np.minimum(best["log_fc"].abs() / 0.02, variant_rows.LIMIT)
    assert seen.cloud["height"].max() == pytest.approx(expected.max(), abs=variant_rows.LIMIT / 400)


def test_one_prediction_has_no_height(tmp_path):
    seen = overview(written(tmp_path / "scores.parquet", scores_of(5, TRACKS, p_null=None, log_fc_sd=None)))
    assert seen.height == "" and seen.without == 5 and seen.cloud.empty and len(seen.top) == 5 * EACH


def test_variants_of_a_class_without_a_null_are_counted(tmp_path):
    scores = scores_of(40, TRACKS)
    scores.loc[scores["pos"] < 900 + 7 * 10, "p_null"] = np.nan
    seen = overview(written(tmp_path / "scores.parquet", scores, 3))
    assert (seen.height, seen.without) == ("p_null", 10) and seen.cloud["variants"].sum() == 30


def test_no_effect_at_all(tmp_path):
    seen = overview(written(tmp_path / "scores.parquet", scores_of(3, TRACKS, log_fc=0.0, log_fc_sd=0.0, p_null=None)))
    assert seen.cloud["height"].tolist() == [0.0] * len(seen.cloud) and seen.cloud["variants"].sum() == 3
    assert seen.top["pos"].tolist() == [pos for pos in (900, 907, 914) for _ in range(EACH)]  # ties keep their order


def test_what_is_kept_does_not_grow_with_the_table(tmp_path):
    sizes = [len(overview(written(tmp_path / f"{n}.parquet", scores_of(n, TRACKS)), keep=5).top) for n in (20, 300)]
    assert sizes == [5 * EACH] * 2


def test_variants_at_one_place_are_one_point(tmp_path):
    scores = scores_of(20, TRACKS)
    twice = overview(written(tmp_path / "twice.parquet", pd.concat([scores, scores], ignore_index=True)))
    once = overview(written(tmp_path / "once.parquet", scores))
    pd.testing.assert_frame_equal(once.cloud.assign(variants=2 * once.cloud["variants"]), twice.cloud)


def test_wide_tables_keep_fewer_variants(tmp_path, monkeypatch):
    path = written(tmp_path / "scores.parquet", scores_of(30, TRACKS))
    monkeypatch.setattr(variant_rows, "ROWS", 12 * EACH)
    monkeypatch.setattr(variant_rows, "FEW", 5)
    assert [len(overview(path, keep).top) // EACH for keep in (8, 100)] == [8, 12]
    monkeypatch.setattr(variant_rows, "FEW", 20)  # which figures need
    assert len(overview(path, 100).top) == 20 * EACH
