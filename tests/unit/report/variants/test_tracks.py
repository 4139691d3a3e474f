"""Both alleles as the models see them: the right bins, areas that stay, the genes that are there."""

import json

import numpy as np
import pandas as pd
import pytest

from presage.report.variants import tracks as close
from presage.report.variants.tracks import near, shown_tracks, stretch, tracks_data
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.predicted import Predicted
from tests.unit.report.made_up_variants import GENES, bump, scores_of, tracks_of

SITE = Variant("chr1:3101:A:G", "chr1", 3100, "A", "G", 1)
SLUGS = ["astro_atac", "astro_rna+"]


def test_both_stretches_of_every_track():
    found = bump(SITE, SLUGS)
    data = tracks_data(found, SITE, GENES)
    assert data["tracks"] == SLUGS and json.dumps(data, allow_nan=False)
    whole, beside = data["whole"], data["near"]
    assert (whole["start"], whole["step"], whole["end"]) == (found.edges[0], 16, found.edges[-1])
    np.testing.assert_allclose(whole["alt"], found.alt.T, rtol=10.0 ** (1 - close.DIGITS))
    np.testing.assert_allclose(whole["ref"], found.ref.T, rtol=10.0 ** (1 - close.DIGITS))
    assert len(beside["ref"][1]) == len(beside["alt"][1]) == 2 * close.NEAR + 1
    first = (beside["start"] - whole["start"]) // 16
    assert beside["alt"][1] == whole["alt"][1][first : first + 2 * close.NEAR + 1]
    assert beside["start"] + close.NEAR * 16 <= SITE.pos < beside["start"] + (close.NEAR + 1) * 16


def test_long_windows_are_averaged_and_keep_their_sum():
    found = bump(SITE, SLUGS, bins=1001)
    whole = stretch(found, 0, 1001)
    steps = len(whole["ref"][0])
    assert steps <= close.POINTS and whole["step"] == 16 * -(-1001 // close.POINTS)
    size = np.diff(np.minimum(whole["start"] + whole["step"] * np.arange(steps + 1), whole["end"]))
    assert (whole["ref"][0] * size).sum() == pytest.approx(found.ref[:, 0].sum() * 16, rel=1e-3)


@pytest.mark.parametrize("bins", [1, 30, 41, 42])
def test_a_short_window_is_shown_whole(bins):
    found = bump(SITE, SLUGS, bins=bins)
    first, last = near(found, SITE)
    assert last - first == min(bins, 2 * close.NEAR + 1) and first >= 0 and last <= bins


@pytest.mark.parametrize("place", [0.0, 0.999])
def test_a_variant_at_the_rim_stays_in_view(place):
    found = bump(SITE, SLUGS)
    pos = int(found.edges[0] + place * (found.edges[-1] - found.edges[0]))
    first, last = near(found, Variant("v", "chr1", pos, "A", "G", 1))
    assert last - first == 2 * close.NEAR + 1 and first >= 0 and last <= len(found.ref)
    assert found.edges[first] <= pos < found.edges[last]


def test_genes_of_the_window_with_their_exons():
    found = tracks_data(bump(SITE, SLUGS), SITE, pd.concat([GENES, GENES.assign(chrom="chr2")]))["genes"]
    start, end = bump(SITE, SLUGS).edges[[0, -1]]
    here = GENES[(GENES["start"] < end) & (GENES["end"] > start)]
    assert [gene["name"] for gene in found] == here["name"].tolist() and len(found) > 1
    assert found[0]["exons"] == [[a, b] for a, b in zip(here["exon_starts"].iloc[0], here["exon_ends"].iloc[0])]


def test_of_many_genes_the_nearest_are_kept_in_lanes_of_their_own():
    crowd = pd.concat([GENES[GENES["gene_id"] == "g3"]] * 90).assign(
        gene_id=[f"x{i:02d}" for i in range(90)], start=[3000 - 10 * i for i in range(90)]
    )
    found = tracks_data(bump(SITE, SLUGS), SITE, crowd)["genes"]
    assert len(found) == close.GENES and {gene["lane"] for gene in found} == set(range(close.GENES))


def test_the_types_with_the_largest_effects_are_shown_with_all_of_their_tracks(monkeypatch):
    monkeypatch.setattr(close, "TYPES", 2)
    rows = scores_of(1, tracks_of(["a", "b", "c"]), log_fc=0.1)
    rows.loc[rows["track"] == "c_atac", "log_fc"] = -3
    rows.loc[rows["track"] == "a_rna-", "log_fc"] = 1
    assert shown_tracks(rows) == ["a_rna+", "c_rna+", "a_rna-", "c_rna-", "a_atac", "c_atac"]


def test_nothing_predicted_is_no_error():
    nothing = np.zeros((60, 2))
    data = tracks_data(Predicted(-200, 16, SLUGS, nothing, nothing), SITE, GENES.iloc[:0])
    assert data["genes"] == [] and data["whole"]["start"] == -200 and set(data["whole"]["ref"][0]) == {0.0}
