"""index.html: one file without network, everything escaped, numbers with intervals, what is missing named."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.config.report import FIGURES, Report
from presage.config.root import built_in
from presage.report import page as pages
from presage.report.citation import citation
from presage.report.figures.draw import draw_figures
from presage.report.page import Picture, caption, cards, index_page, table
from presage.report.render import interval, number
from presage.report.run import Run
from presage.report.summary import build_summary
from tests.unit.report.made_up_run.cages import homecage_run
from tests.unit.report.made_up_run.sequence import sequence_run


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A run with two drawn figures and one without data, and its summary."""
    folder = tmp_path_factory.mktemp("page") / "demo"
    sequence_run(folder)
    homecage_run(folder)
    run = Run(folder)
    (folder / "homecage/pose_model/card.json").unlink()
    draw_figures(run, folder / "figures", ["fig3_tracks", "fig10_pose", "fig12_alarms"], Report(), True)
    return run, build_summary(run, built_in().model_dump(mode="json"))


@pytest.fixture(scope="module")
def text(drawn, tmp_path_factory) -> str:
    run, summary = drawn
    captions = tmp_path_factory.mktemp("captions")
    (captions / "fig3_tracks.rst").write_text("One window,\n``not`` <more>.\n")
    figures = {stem: FIGURES[stem] for stem in ("fig3_tracks", "fig10_pose", "fig12_alarms")}
    return index_page(run, summary, figures, captions, "Trial & error", {"Seed": "1"})


def test_a_mean_over_one_seed_is_not_shown_beside_that_seed():
    seeds = {"alone": [1, None], "two": [1, 2, None], "baseline": [None]}
    rows = [(model, seed, 0.5) for model, each in seeds.items() for seed in each]
    metrics = pd.DataFrame(rows, columns=["model", "seed", "value"]).astype({"seed": "Int32"})
    shown = pages.without_copies(metrics.assign(metric="bin_pearson", split="test", group="all"))
    assert shown["model"].tolist() == ["alone", "two", "two", "two", "baseline"]
    assert shown["seed"].isna().tolist() == [False, False, False, True, True]


def test_no_network_is_needed(text):
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert "@import" not in text and "<link" not in text
    sources = re.findall(r'<img[^>]* src="([^"]+)"', text)
    assert len(sources) == 3 and all(source.startswith("data:image/svg+xml;base64,") for source in sources)


def test_everything_is_escaped(text):
    assert "Trial &amp; error" in text
    assert "<its>" not in text and "&lt;its&gt;" in text
    assert "One window, not &lt;more&gt;." in text


def test_simulated_is_loud(text):
    assert text.index("SIMULATED DATA") < text.index("<h1>")
    assert text.count('<p class="origin simulated">Simulated data') == 2


def test_headline_numbers_carry_intervals(text):
    assert "95 % CI 0.85 to 0.89; oracle 0.97" in text
    assert "95 % CI 0.3 to 2; budget 1" in text


def test_what_is_missing_is_named(text):
    assert re.search(r"<b>fig10_pose</b> was not drawn: .*card\.json is not there", text)
    assert "sequence.variants.recovered_share" in text
    assert "3 variants were not scored: REF differs from the genome" in text
    assert "Too little healthy time to show these alarm budgets: 0.05" in text


def test_links_exist(drawn, text):
    run, _ = drawn
    found = [link for link in re.findall(r'href="([^"#]+)"', text) if link != "homecage/morning.html"]
    assert len(found) > 10
    for link in found:
        assert (run.folder / link).is_file(), link


def test_each_set_of_variants_has_a_door(drawn, tmp_path):
    run, summary = drawn
    door = '<li><a href="sequence/variants/planted/variants.html">Variants of planted</a>'
    assert door not in index_page(run, summary, {}, tmp_path)
    page = run.folder / "sequence/variants/planted/variants.html"
    page.touch()
    assert door in index_page(run, summary, {}, tmp_path)
    page.unlink()


def test_a_page_that_grows_too_big_links_its_pictures(drawn, tmp_path, monkeypatch):
    run, summary = drawn
    monkeypatch.setattr(pages, "PAGE_LIMIT", 1000)
    text = index_page(run, summary, {"fig3_tracks": "sequence"}, tmp_path)
    assert 'src="figures/fig3_tracks.svg"' in text and "base64" not in text


def test_a_large_drawing_is_inlined_as_png(drawn, tmp_path, monkeypatch):
    run, summary = drawn
    monkeypatch.setattr(pages, "SVG_LIMIT", 1000)
    assert "data:image/png;base64," in index_page(run, summary, {"fig3_tracks": "sequence"}, tmp_path)


def test_one_branch_alone(sequence_only, tmp_path):
    run = Run(sequence_only)
    summary = build_summary(run, {**built_in().model_dump(mode="json"), "homecage": None})
    text = index_page(run, summary, {}, tmp_path)
    assert 'id="sequence"' in text and 'id="homecage"' not in text


def test_tables_sort_by_value_and_are_cut_aloud(monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 2)
    found = table("t", pd.DataFrame({"a_b": [1500.0, np.nan, 3.0], "c": ["x", None, "y"]}))
    assert found.columns == ["a b", "c"] and found.numeric == {0} and found.cut == 1
    assert found.rows == [[("1,500", "1500.0"), ("x", "x")], [("–", ""), ("–", "")]]


def test_cards_skip_what_is_null():
    summary = {"homecage.dss.detected": 15, "homecage.dss.treated": 15, "homecage.detection_rate": None}
    assert [(card.label, card.value) for card in cards(summary, "homecage")] == [("DSS mice detected", "15 of 15")]


def test_many_files_of_a_kind_are_folded(drawn, tmp_path):
    run, summary = drawn
    folder = run.folder / "homecage/timeline"
    folder.mkdir()
    for i in range(7):
        (folder / f"C{i}.html").touch()
    assert "<summary>7 files: one page per cage</summary>" in index_page(run, summary, {}, tmp_path)


def test_the_repository_can_be_cited(tmp_path):
    sentence, bibtex = citation()
    assert sentence.startswith("The presage developers. presage: ") and "Version 0.1.0, Apache-2.0." in sentence
    assert bibtex.startswith("@software{presage,") and "version = {0.1.0}" in bibtex
    assert citation(tmp_path / "absent.cff") == ("", "")
    (tmp_path / "own.cff").write_text(
        "title: t\nversion: 1\nlicense: MIT\nauthors: [{given-names: A, family-names: B}, {name: C}]\n"
    )
    sentence, bibtex = citation(tmp_path / "own.cff")
    assert sentence == "A B, C. t. Version 1, MIT." and "author = {{A B} and {C}}" in bibtex


def test_a_picture_is_named_by_the_first_sentence_of_its_caption():
    assert Picture("fig1", "One window, as it is. More.", "", "", []).alt == "One window, as it is"
    assert Picture("fig1", "", "", "", []).alt == "fig1"


def test_captions_of_all_figures_are_short():
    folder = Path(__file__).parents[3] / "workflow" / "report"
    for stem in FIGURES:
        assert caption(stem, folder), stem
    for path in folder.glob("*.rst"):
        assert len(path.read_text().splitlines()) <= 4, path.name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"),
        (0.123456, "0.123"),
        (None, "–"),
        (float("nan"), "–"),
        (np.float32("nan"), "–"),
        (True, "yes"),
        (np.int64(12), "12"),
        (1e-7, "1.0e-07"),
        (float("inf"), "∞"),
        (2.0, "2"),
        ("text", "text"),
        (pd.NaT, "–"),
    ],
)
def test_numbers_for_people(value, shown):
    assert number(value) == shown


@given(st.one_of(st.none(), st.floats(), st.integers(), st.text(), st.booleans()))
def test_any_cell_can_be_shown(value):
    assert isinstance(number(value), str)


def test_no_interval_is_no_text():
    assert interval(None, 1.0) == "" and interval(0.25, 1.0) == "0.25 to 1"


def test_the_banner_names_the_simulated_branch(drawn, tmp_path):
    run, summary = drawn
    real = Run(run.folder)
    real.simulated = lambda branch: branch == "sequence"
    mixed = index_page(real, {**summary, "homecage.simulated": 0}, {}, tmp_path)
    assert "the sequence branch shows a built-in world" in mixed
