"""The page of a set: complete in itself, escaped, loud about simulation, for none to many variants, from models."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.report.variants import data as variants_data
from presage.report.variants import head
from presage.report.variants import page as variants_page_module
from presage.report.variants.data import Listed
from presage.report.variants.head import ScoredSet
from presage.report.variants.page import close_ups, listed_words, seen_words, variants_page
from presage.report.variants.rows import overview
from presage.sequence.variants.gather import read_nulls
from presage.sequence.variants.predicted import predicted
from presage.sequence.variants.scorer import Scorer
from tests.unit.report.made_up_variants import bump, made_up_set
from tests.unit.sequence.variants.cases import TRACKS, random_genome, small_model
from tests.unit.sequence.variants.test_part import GENES, gathered, score, write_sites

TYPES = ["astro", "micro <b>"]


def carried(page: str, name: str) -> dict:
    """What the page's script reads."""
    return variants_data.unpack(re.search(f'<script type="text/plain" id="{name}"[^>]*>([^<]*)</script>', page)[1])


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    found = made_up_set(tmp_path_factory.mktemp("set"), 60, TYPES, null=150, dropped=4)
    for name in ("scores.vcf.gz", "scores.vcf.gz.tbi", "gene_scores.parquet"):
        (found.scores.parent / name).touch()
    return found


@pytest.fixture(scope="module")
def text(given) -> str:
    return variants_page(given, bump, "Trial & error")


def test_no_network_is_needed_and_everything_is_drawn(text):
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert "@import" not in text and "<link" not in text
    sources = re.findall(r'<img[^>]* src="([^"]+)"', text)
    assert len(sources) == 3 and all(source.startswith("data:image/svg+xml") for source in sources)
    assert len(re.findall(r'download="gwas_\w+\.tsv" href="data:text/tab-separated-values', text)) == 3
    assert "Not drawn" not in text


def test_everything_is_escaped(text):
    assert "Trial &amp; error" in text and "nulls &lt;a&gt;" in text
    assert "<b>" not in text and "micro &lt;b&gt;" in text


def test_links_exist(given, text):
    found = [link for link in re.findall(r'href="([^"#:]+)"', text) if not link.endswith("index.html")]
    assert found[0] == "scores.parquet"  # for those without JavaScript
    assert found[1:] == [
        "scores.vcf.gz",
        "scores.vcf.gz.tbi",
        "scores.parquet",
        "gene_scores.parquet",
        "dropped.parquet",
    ]
    assert all((given.scores.parent / link).is_file() for link in found)
    anchors = set(re.findall(r'href="#([^"]+)"', text))
    assert {"table", "files"} <= anchors and anchors <= set(re.findall(r'id="([^"]+)"', text))


def test_equal_tables_give_equal_pages(given, text):
    assert variants_page(given, bump, "Trial & error") == text


def test_simulated_is_loud_and_real_data_are_not_marked(text, tmp_path):
    assert text.index("SIMULATED DATA") < text.index("<h1>")
    assert "SIMULATED" not in variants_page(made_up_set(tmp_path, 3, TYPES, meta={"simulated": False}), bump)


def test_the_head_counts_everything(given, text):
    assert "of 64 given" in text and "2 models × 2 strands × 1 shift = 4 predictions per allele" in text
    assert dict(head.reasons(given.dropped)) == {"ref_mismatch": 2, "star": 2}
    assert "REF differs from the genome" in text
    assert head.null_sizes(given.null) == {"substitution": 150}
    assert "The null set has 150 substitutions: for substitutions no p below 0.0066 exists" in text
    train = overview(given.scores).folds["train"]
    assert f"In windows that the models were fitted on: {train} variants" in text


def test_a_page_that_cannot_hold_all_says_so(given):
    seen = overview(given.scores)
    assert listed_words(seen, Listed("", 60)).startswith("All 60 variants")
    assert "The 12 variants with the largest effects, of 60: as many as" in listed_words(seen, Listed("", 12))


@pytest.mark.parametrize(("count", "drawn"), [(0, 0), (1, 1), (3, 3), (9, 4)])
def test_few_variants_are_no_error(tmp_path, count, drawn):
    asked = []

    def predict(site, slugs):
        asked.append((site, list(slugs)))
        return bump(site, slugs)

    given = made_up_set(tmp_path, count, TYPES, dropped=0 if count else 5)
    text = variants_page(given, predict, drawn=4)
    assert len(asked) == drawn and ('id="views"' in text) == ('id="list"' in text) == (count > 0)
    assert ("No variant was scored" in text) == (count == 0)
    if count:
        assert list(carried(text, "views")["tracks"]) == [str(rank + 1) for rank in range(drawn)]
    for (site, slugs), best in zip(asked, overview(given.scores).top.groupby("rank")):
        row = best[1].loc[best[1]["log_fc"].abs().idxmax()]
        assert (site.name, site.pos, row["track"] in slugs) == (row["variant"], row["pos"], True)
        assert slugs == given.tracks["slug"].tolist()  # there are so few types that all are shown


def test_without_a_null_nothing_speaks_of_p(tmp_path):
    given = made_up_set(tmp_path, 20, TYPES, null=0, p_null=None, percentile=None)
    text = variants_page(given, bump)
    assert "none, so there are no p-values" in text and "nothing says how large an effect is by chance" in text
    assert "Stand out" not in text and "effect in units of its SD" in text


def test_intervals_are_explained_where_there_are_any(tmp_path):
    meta = {"simulated": True, "calibration": {"level": 0.9, "measurements": {"a": 30, "b": 12}}}
    given = made_up_set(tmp_path, 20, TYPES, meta=meta, conformal_low=-0.5, conformal_high=0.75)
    text = variants_page(given, bump)
    assert (
        "90 %, from 42 measured effects" in text and 'data-key="conformal_low"' in text and "<dt>interval</dt>" in text
    )


def test_a_single_prediction_has_no_spread(tmp_path):
    given = made_up_set(tmp_path, 12, TYPES, log_fc_sd=None, specificity_sd=None)
    text = variants_page(ScoredSet(**{**vars(given), "models": ["lora seed1"], "strands": 1}), bump)
    assert "One prediction per allele" in text and "Not drawn" not in text


def test_folds_that_say_nothing_of_a_given_adapter_are_not_counted(given):
    own, foreign = (variants_page(replace(given, folds_known=known), bump) for known in (True, False))
    assert "Unseen in training" in own and "In windows that the models were fitted on" in own
    assert "Unseen in training" not in foreign and "In windows that the models were fitted on" not in foreign
    assert "It is not known which of these variants the models have seen" in foreign


def test_another_assembly_and_simulated_models_are_doubted(given):
    seen, dropped = overview(given.scores), head.reasons(given.dropped)  # 2 of 64 alleles have another REF
    simulated = replace(given, cards=[{"name": "lab_a", "seed": 1, "simulated": True}])
    assert not any("of one assembly" in words for words in head.warnings(given, seen, {}, dropped, False))
    few = head.warnings(given, seen._replace(variants=20), {}, dropped, False)
    assert any("REF is not what the genome has in 2 alleles of 24" in words for words in few)
    assert any("simulated data" in words for words in head.warnings(simulated, seen, {}, dropped, False))
    assert not any("simulated data" in words for words in head.warnings(simulated, seen, {}, dropped, True))


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"atac": 512}, "512 bp around the variant for ATAC and the whole predicted window for RNA"),
        ({"atac": 512, "rna": 1000}, "512 bp around the variant for ATAC and 1,000 bp around the variant for RNA"),
        ({}, "the whole predicted window"),
    ],
)
def test_what_is_summed_is_said(given, span, words):
    assert head.summed(overview(given.scores), {"settings": {"span": span}}) == words


def test_small_models_from_scores_to_page(tmp_path):
    """The tables as the rules write them, and the models that wrote them."""
    genome, text = random_genome(tmp_path)
    sites, null = tmp_path / "sites.parquet", tmp_path / "null_sites.parquet"
    variants = write_sites(sites, text, [100, 105, 110, 118, 125, 130, 190, 220])
    write_sites(null, text, range(60, 80))
    nulls = read_nulls(null, [part["effects"] for part in score(tmp_path, null, genome, 1, "null")])
    scores, *_ = gathered(tmp_path, sites, score(tmp_path, sites, genome, 2), genome, nulls=nulls)
    tables.write(tmp_path / "dropped.parquet", "dropped", tables.empty("dropped"))
    scorer = Scorer([small_model(1), small_model(2)], genome, step=40)
    given = ScoredSet(
        name="small",
        scores=tmp_path / "scores.parquet",
        dropped=tmp_path / "dropped.parquet",
        null=null,
        genes=GENES,
        tracks=TRACKS,
        models=["a1", "a2"],
        strands=2,
        shifts=1,
    )
    seen = []

    def predict(site, slugs):
        seen.append((site, predicted(scorer, site, slugs)))
        return seen[-1][1]

    page = variants_page(given, predict, "run")
    data = carried(page, "data")
    assert set(data["sites"]["variant"]) == {variant.name for variant in variants} and "Not drawn" not in page
    assert "some (16 substitutions and 4 indels)" in page
    scores = scores[scores["main_strand"]]
    order = scores.assign(size=scores["log_fc"].abs()).groupby("variant")["size"].max().nlargest(8).index
    assert [site.name for site, _ in seen] == list(order) == data["sites"]["variant"]
    best = scores.loc[scores["log_fc"].abs().idxmax()]
    # What is shown is what was scored: the mean tracks change the way the score says.
    first = seen[0][1]
    at = first.tracks.index(best["track"])
    change = np.log2((first.alt[:, at].sum() + 1) / (first.ref[:, at].sum() + 1))
    assert np.sign(change) == np.sign(best["log_fc"])
    drawn = carried(page, "views")["tracks"]["1"]["whole"]
    np.testing.assert_allclose(drawn["alt"][at], first.alt[:, at], rtol=1e-3)


def test_a_region_gives_its_variants_a_logo(given):
    place = tables.read(given.scores, "scores")["pos"].iloc[0]
    rows = [
        ("chr1", pos, "A", alt, slug, slug[:5], "atac", -0.2, None)
        for pos in range(place - 5, place + 6)
        for slug in given.tracks["slug"][:2]
        for alt in "CGT"
    ]
    path = given.scores.parent / "there.parquet"
    tables.write(path, "ism", pd.DataFrame(rows, columns=tables.SCHEMAS["ism"].names))
    found = close_ups(replace(given, regions={"there": path}), overview(given.scores), 60, bump, 3)
    assert [logo["letters"] for logo in found["logos"].values()] == ["A" * 11] and set(found["glyphs"]) == set("ACGT")
    assert set(found["tracks"]) == {1, 2, 3} | set(found["logos"])
    assert close_ups(given, overview(given.scores), 60, bump, 3)["logos"] == {}


def test_tracks_stop_where_a_page_is_full(given, monkeypatch):
    seen = overview(given.scores)
    one = len(variants_data.pack(close_ups(given, seen, 60, bump, 1)["tracks"][1]))
    monkeypatch.setattr(variants_page_module, "VIEWS", 3.5 * one)
    assert list(close_ups(given, seen, 60, bump, 8)["tracks"]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("tracks", "logos", "words"),
    [(4, 1, "both alleles: 4 variants, .* mutated region: 1 variant.$"), (0, 0, "in all tracks.$")],
)
def test_what_a_row_opens_to_is_said(tracks, logos, words):
    assert re.search(words, seen_words(tracks, logos, 9)) and seen_words(tracks, logos, 0) == ""


@pytest.mark.parametrize(("value", "text"), [(1.234, "+1.23"), (-0.0342, "−0.034"), (-2.0, "−2.00"), (0.0, "+0.00")])
def test_effects_have_a_sign(value, text):
    assert head.signed(value) == text


def test_a_page_of_models_that_learned_nothing_says_so(given):
    text = variants_page(replace(given, cards=[{"name": "lora", "seed": 1, "best_epoch": 0}]), bump)
    assert "lora (seed 1) kept its start, it learned nothing" in text
    assert "kept its start" not in variants_page(given, bump)
