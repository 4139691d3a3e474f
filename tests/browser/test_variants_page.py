"""The page of a set of variants, used as a person does: filter, sort, open, save. What is seen is in the table."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page

from presage import tables
from presage.report.variants.data import EFFECT
from presage.report.variants.head import ScoredSet, signed
from presage.report.variants.page import variants_page
from presage.sequence.variants.vcf import strongest
from tests.browser import browser
from tests.unit.report.made_up_variants import GENES, bump, made_up_set, tracks_of

MICRO = "micro <script>throw 1</script> µ"
TYPES = ["astro", MICRO, "neuron \"&amp;'"]
TRACKS = tracks_of(TYPES)
EACH = len(TRACKS)
COUNT = 240
FITS = "(table) => table.offsetWidth <= table.parentElement.clientWidth"


def given(folder: Path, count: int, types: list[str], **more) -> ScoredSet:
    """A set whose strongest variants lie in a mutated region, with a gene that is called like a picture."""
    found = made_up_set(folder, count, types, **more)
    genes = GENES.assign(name=GENES["name"].replace("GENE3", "GÈNE <img src=x onerror=throw(1)>"))
    rows = [
        ("chr1", pos, "ACGT"[pos % 4], alt, slug, name, "atac", (pos % 7 - 3) / 10, None)
        for pos in range(900, 1000)
        for slug, name in zip(found.tracks["slug"][-2:], found.tracks["cell_type"][-2:])
        for alt in "ACGT"
        if alt != "ACGT"[pos % 4]
    ]
    tables.write(folder / "a.parquet", "ism", pd.DataFrame(rows, columns=tables.SCHEMAS["ism"].names))
    return replace(found, genes=genes, regions={"a": folder / "a.parquet"})


def write(given: ScoredSet) -> Path:
    path = given.scores.parent / "variants.html"
    path.write_text(variants_page(given, bump, "Trial & error"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return write(
        given(tmp_path_factory.mktemp("set"), COUNT, TYPES, dropped=4, conformal_low=-1 / 3, conformal_high=0.7)
    )


@pytest.fixture(scope="module")
def scores(path) -> pd.DataFrame:
    return tables.read(path.parent / "scores.parquet", "scores")


def ready(page: Page) -> Page:
    page.wait_for_selector("tr.row")
    return page


def saved(page: Page, button: str) -> pd.DataFrame:
    with page.expect_download() as found:
        page.get_by_role("button", name=button, exact=True).click()
    assert found.value.suggested_filename.endswith(".tsv")
    return pd.read_csv(
        StringIO(Path(found.value.path()).read_text(encoding="utf-8")), sep="\t", float_precision="round_trip"
    )


def assert_rows(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal to the last digit, in the order given."""
    assert found[["variant", "track"]].to_numpy().tolist() == expected[["variant", "track"]].to_numpy().tolist()
    for name in ["chrom", "pos", "ref", "alt", "fold", "cell_type", "assay", "gene", "tss_distance", *EFFECT]:
        pd.testing.assert_series_equal(
            found[name], expected[name].reset_index(drop=True), check_dtype=False, check_exact=True, obj=name
        )


def ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[(-rows["log_fc"].abs()).argsort(kind="stable")]


def own(scores: pd.DataFrame, mask: pd.Series) -> pd.DataFrame:
    """The strongest of each variant's rows for which ``mask`` holds."""
    rows = scores[mask]
    return strongest(rows, len(rows) // COUNT)


def status(page: Page) -> str:
    return page.locator("#status").inner_text()


def column(page: Page, key: str) -> list[str]:
    place = page.evaluate(f"document.querySelector('th[data-key={key}]').cellIndex")
    return page.locator(f"tr.row td:nth-child({place + 1})").all_inner_texts()


def test_what_is_saved_is_the_table(visit, path, scores):
    page = ready(visit(path))
    found = saved(page, "Save rows (TSV)")
    assert_rows(found, ordered(strongest(scores, EACH)))
    assert set(found["simulated"]) == {True}
    everything = saved(page, "Save rows, all tracks (TSV)")
    order = found["variant"].tolist()
    rank = scores["variant"].map({name: place for place, name in enumerate(order)})
    assert_rows(everything, scores.iloc[rank.argsort(kind="stable")])


def test_filters_filter(visit, path, scores):
    page = ready(visit(path))
    page.get_by_label("Cell type").select_option(MICRO)
    micro = own(scores, scores["cell_type"] == MICRO)
    assert_rows(saved(page, "Save rows (TSV)"), ordered(micro))
    page.get_by_label("p at most").fill("0.04")
    micro = micro[micro["p_null"] <= 0.04]
    assert_rows(saved(page, "Save rows (TSV)"), ordered(micro))
    page.get_by_label("train").uncheck()
    micro = micro[micro["fold"] != "train"]
    assert_rows(saved(page, "Save rows (TSV)"), ordered(micro))
    assert f"of {len(micro)}, of {COUNT} without filters" in status(page) and 3 < len(micro) < COUNT / 2
    page.get_by_label("without doubt").check()
    sure = micro[micro["sign_agreement"] >= 0.8]
    assert_rows(saved(page, "Save rows (TSV)"), ordered(sure))
    assert 0 < len(sure) < len(micro) and page.locator("tr.row .doubt").count() == 0
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function(f"document.querySelector('#status').textContent.endsWith('of {COUNT}')")


def test_only_where_the_type_is_strongest(visit, path, scores):
    page = ready(visit(path))
    only = page.get_by_label("strongest in this type")
    assert only.is_disabled()
    page.get_by_label("Cell type").select_option("astro")
    page.get_by_label("Assay").select_option("atac")
    only.check()
    best = own(scores, scores["assay"] == "atac")
    assert_rows(saved(page, "Save rows (TSV)"), ordered(best[best["cell_type"] == "astro"]))


def test_variants_are_found_by_name_gene_and_region(visit, path, scores):
    page = ready(visit(path))
    best = ordered(strongest(scores, EACH))
    field = page.get_by_label("Variant, gene or region")
    for words, rows in {
        "chr1:1,001-1100": best[best["pos"].between(1000, 1099)],
        "gène <img": best[best["gene"] == "g3"],
        best["variant"].iloc[-1]: best.iloc[-1:],
    }.items():
        field.fill(words)
        assert_rows(saved(page, "Save rows (TSV)"), rows)
    field.fill("nothing of that name")
    assert status(page) == "No variant passes these filters." and page.locator("tr.row").count() == 0
    assert page.locator("#save").is_disabled()


def test_columns_sort(visit, path, scores):
    page = ready(visit(path))
    best = strongest(scores, EACH)
    head = page.locator("th[data-key=log_fc]")
    assert head.get_attribute("aria-sort") == "other"  # by size
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    found = saved(page, "Save rows (TSV)")["log_fc"]
    assert found.is_monotonic_decreasing and len(found) == COUNT
    head.get_by_role("button").click()
    assert saved(page, "Save rows (TSV)")["log_fc"].is_monotonic_increasing
    page.locator("th[data-key=tss_distance] button").click()
    found = saved(page, "Save rows (TSV)")["tss_distance"]
    missing = int(best["gene"].isna().sum())
    assert found.dropna().is_monotonic_decreasing and missing and found.iloc[-missing:].isna().all()
    page.locator("th[data-key=variant] button").click()
    assert saved(page, "Save rows (TSV)")["variant"].tolist() == scores["variant"].drop_duplicates().tolist()
    assert head.get_attribute("aria-sort") is None


def test_pages_of_rows(visit, path):
    page = ready(visit(path))
    assert page.locator("tr.row").count() == 25 and page.locator("#before").is_disabled()
    page.locator("#next").click()
    assert column(page, "rank") == [str(rank) for rank in range(26, 51)]
    page.get_by_label("Rows").select_option("500")
    assert page.locator("tr.row").count() == COUNT and page.locator("#next").is_disabled()


def test_a_row_opens_by_keyboard_to_what_is_known(visit, path, scores):
    page = ready(visit(path))
    button = page.locator("button.opens").first
    button.focus()
    page.keyboard.press("Enter")
    view = page.locator("tr.view")
    view.locator(".charts").first.wait_for()
    assert button.get_attribute("aria-expanded") == "true"
    assert page.locator(f"#{button.get_attribute('aria-controls')}").count() == 1
    best = ordered(strongest(scores, EACH)).iloc[0]
    own = ordered(scores[scores["variant"] == best["variant"]]).sort_values(
        "main_strand", ascending=False, kind="stable"
    )
    texts = view.locator(".effects tbody tr").all_inner_texts()
    assert len(texts) == EACH and view.locator(".effects svg").count() == EACH
    for text, row in zip(texts, own.to_dict("records")):
        assert row["cell_type"] in text and signed(row["log_fc"]) in text
        assert ("other strand" in text) is not row["main_strand"]
        assert f"{100 * row['sign_agreement']:.0f} %" in text
    shown = own[own["assay"] == best["assay"]]
    assert view.locator(".charts svg[role=img]:not(.letters)").count() == len(shown)
    view.get_by_label("Assay").select_option("rna")
    view.get_by_label("Stretch").select_option("whole")
    assert view.locator(".charts svg[role=img]:not(.letters)").count() == 2 * len(TYPES)
    with page.expect_download() as found:
        view.get_by_role("button", name="Save these tracks").click()
    tracks = pd.read_csv(found.value.path(), sep="\t")
    assert set(tracks["track"]) == set(TRACKS["slug"]) and set(tracks["panel"]) == {"near", "whole"}
    page.keyboard.press("Escape")
    button.focus()
    page.keyboard.press("Space")
    assert view.count() == 0 and button.get_attribute("aria-expanded") == "false"


def test_a_variant_in_a_mutated_region_has_its_logo(visit, path):
    page = ready(visit(path))
    page.get_by_label("Variant, gene or region").fill("chr1:901-1000")
    page.locator("button.opens").first.click()
    view = page.locator("tr.view")
    view.locator(".view").wait_for()
    if view.get_by_label("Assay").count():
        view.get_by_label("Assay").select_option("atac")
    logo = view.locator("svg.letters")
    assert logo.count() == 2  # as many tracks as the region was scored in
    assert logo.first.locator("path").count() > 10 and "Logo of" in logo.first.get_attribute("aria-label")


def test_a_variant_without_tracks_or_logo_says_so(visit, path):
    page = ready(visit(path))
    page.locator("th[data-key=rank] button").click()
    page.locator("th[data-key=rank] button").click()
    page.locator("button.opens").first.click()
    text = page.locator("tr.view").locator(".view").inner_text()
    assert "No tracks: the page has those of" in text and "No logo: none of the regions" in text


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, True)], ids=["desk", "phone"])
def test_all_can_use_it(visit, path, width, dark):
    page = ready(visit(path, width, dark))
    page.locator("button.opens").first.click()
    page.locator("tr.view .charts").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert browser.overflow(page) <= 0 and page.locator(".effects table").evaluate(FITS)
    assert browser.accessibility(page) == []
    assert page.locator("main script, main img[src=x]").count() == 0


def test_it_prints(visit, path):
    page = ready(visit(path))
    page.locator("button.opens").first.click()
    page.locator("tr.view .charts").first.wait_for()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1047})  # A4 within its margins
    assert browser.overflow(page) <= 0 and page.locator("#list").evaluate(FITS)
    assert not page.locator("#filters").is_visible() and page.locator("tr.view .charts").first.is_visible()
    assert 1 < browser.sheets(page) < 12


def test_no_variant_is_a_clear_page(visit, tmp_path):
    page = visit(write(given(tmp_path, 0, TYPES, dropped=6)))
    assert "No variant was scored, so there is nothing to list." in page.locator("main").inner_text()
    assert "REF differs from the genome" in page.locator("main").inner_text()
    assert browser.accessibility(page) == []


def test_one_cell_type_one_prediction_and_no_null(visit, tmp_path):
    bare = {"p_null": None, "percentile": None, "log_fc_sd": None, "specificity_sd": None}
    page = ready(visit(write(given(tmp_path, 3, ["astro"], null=0, **bare))))
    page.locator("button.opens").first.click()
    page.locator("tr.view .charts").first.wait_for()
    assert page.get_by_label("p at most").count() == 0 and page.locator("th[data-key=p_null]").count() == 0
    assert "p_null" not in saved(page, "Save rows (TSV)")


def test_thousands_of_variants_are_a_page_of_the_usual_size(visit, tmp_path):
    path = write(given(tmp_path, 5000, ["astro"]))
    page = ready(visit(path))
    assert path.stat().st_size < 5_000_000 and status(page).endswith("of 5,000")
    assert page.locator("tr.row").count() == 25
    assert len(saved(page, "Save rows (TSV)")) == 5000
