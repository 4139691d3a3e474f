"""Both alleles as the models see them: the right bins, honest scales, gains red and losses blue."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from presage.report import variants_tracks as close
from presage.report.heat import GAIN, LOSS
from presage.report.style import drawn, style
from presage.report.variants_tracks import tracks_figure
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.predicted import Predicted
from tests.unit.report.made_up_variants import GENES, bump

SITE = Variant("chr1:3101:A:G", "chr1", 3100, "A", "G", 1)
SLUGS = ["astro_atac", "astro_rna+"]
LABELS = {"astro_atac": "ATAC", "astro_rna+": "RNA (+)"}
EFFECTS = {"astro_atac": -0.5, "astro_rna+": 0.001}


@pytest.fixture(autouse=True)
def look():
    with style():
        yield


def figure_of(found, site=SITE, genes=GENES):
    return tracks_figure(found, site, LABELS, EFFECTS, genes, "a title", True)


def test_a_row_per_track_and_the_genes_below():
    figure, _ = figure_of(bump(SITE, SLUGS))
    grid = np.array(figure.axes).reshape(3, 2)
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["ATAC", "RNA (+)", ""]
    assert [axes.texts[-1].get_text() for axes in grid[:2, 1]] == ["−0.50", "0.00"]
    assert {"GENE2", "GENE3"} <= {text.get_text() for text in grid[2, 0].texts}
    assert grid[2, 0].get_xlabel() == "chr1 (bp)"
    for axes in grid.ravel():
        low, high = axes.get_xlim()
        assert low <= SITE.pos <= high
    assert grid[0, 1].get_xlim()[1] - grid[0, 1].get_xlim()[0] == (2 * close.NEAR + 1) * 16


def test_numbers_are_the_predictions():
    found = bump(SITE, SLUGS)
    _, numbers = figure_of(found)
    whole = numbers[(numbers["panel"] == "window") & (numbers["track"] == "astro_atac")]
    np.testing.assert_array_equal(whole["start"], found.edges[:-1])
    np.testing.assert_allclose(whole["alt"], found.alt[:, 0])
    near = numbers[(numbers["panel"] == "near") & (numbers["track"] == "astro_rna+")]
    assert len(near) == 2 * close.NEAR + 1
    assert near["start"].iloc[close.NEAR] <= SITE.pos < near["end"].iloc[close.NEAR]


def test_long_windows_are_averaged_and_keep_their_sum():
    found = bump(SITE, SLUGS, bins=1001)
    _, numbers = figure_of(found)
    whole = numbers[(numbers["panel"] == "window") & (numbers["track"] == "astro_atac")]
    assert len(whole) <= close.POINTS and whole["end"].iloc[-1] == found.edges[-1]
    total = (whole["ref"] * (whole["end"] - whole["start"])).sum()
    assert total == pytest.approx(found.ref[:, 0].sum() * 16)


def test_a_short_window_has_one_panel():
    figure, numbers = figure_of(bump(SITE, SLUGS, bins=40))
    assert len(figure.axes) == 3 and set(numbers["panel"]) == {"window"}


@pytest.mark.parametrize("place", [0.0, 0.999])
def test_a_variant_at_the_rim_stays_in_view(place):
    found = bump(SITE, SLUGS)
    pos = int(found.edges[0] + place * (found.edges[-1] - found.edges[0]))
    site = Variant("v", "chr1", pos, "A", "G", 1)
    first, last = close._near(found, site)
    assert last - first == 2 * close.NEAR + 1 and first >= 0 and last <= len(found.ref)
    assert found.edges[first] <= pos < found.edges[last]


def test_gains_are_red_and_losses_blue():
    found = bump(SITE, SLUGS)
    more = found._replace(alt=found.ref + 1)

    def filled(figure, colour):
        """Whether any area of the first panel in this colour is not flat."""
        areas = [p for p in figure.axes[0].patches if p.get_fill() and to_hex(p.get_facecolor()) == colour]
        assert areas
        return any(np.ptp(np.asarray(p.get_data().values) - np.asarray(p.get_data().baseline)) > 0.1 for p in areas)

    loss, _ = figure_of(found)
    assert filled(loss, LOSS) and not filled(loss, GAIN)
    gain, _ = figure_of(more._replace(alt=found.ref * 2))
    assert filled(gain, GAIN) and not filled(gain, LOSS)


def test_next_to_nothing_does_not_fill_the_panel_beside():
    found = bump(SITE, SLUGS)
    ref = found.ref.copy()
    ref[0] = 1000  # far from the variant
    figure, _ = figure_of(found._replace(ref=ref, alt=ref.copy()))
    whole, near = (axes.get_ylim()[1] for axes in figure.axes[:2])
    assert near == pytest.approx(whole / close.LEAST)


def test_equal_predictions_give_equal_bytes_and_zero_is_no_error():
    assert drawn(figure_of(bump(SITE, SLUGS))[0], "svg") == drawn(figure_of(bump(SITE, SLUGS))[0], "svg")
    nothing = np.zeros((60, 2))
    figure, _ = figure_of(Predicted(-200, 16, SLUGS, nothing, nothing), genes=GENES.iloc[:0])
    assert b"ALT above REF" in drawn(figure, "svg")


def test_genes_without_room_are_counted():
    crowd = pd.concat([GENES[GENES["gene_id"] == "g3"]] * 9).assign(gene_id=[f"x{i}" for i in range(9)])
    figure, _ = figure_of(bump(SITE, SLUGS), genes=crowd)
    assert f"and {9 - close.LANES} more genes" in {text.get_text() for text in figure.axes[-2].texts}
