"""The picture of a region by its content: tracks, planted sites, seqlets, coverage; the same twice."""

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.ism import Picture
from presage.report.figures.ism import Saturated, planted, saturated, shown_tracks
from presage.report.style import drawn

TEXT = "ACGTNGATTACA"
CELLS = {"alpha": 1.0, "beta": 3.0, "gamma": 0.2}


def table(text: str = TEXT) -> pd.DataFrame:
    """Three cell types with ATAC and RNA; deletions that would outdo everything, RNA weaker than ATAC."""
    rng = np.random.default_rng(0)
    rows = []
    for cell, size in CELLS.items():
        for assay, scale in (("atac", 1.0), ("rna", 0.1)):
            for i, ref in enumerate(text):
                for alt in "ACGT-" if ref != "N" else "":
                    if alt != ref:
                        effect = 50 * scale if alt == "-" else -size * scale * rng.random()
                        rows.append(("chr1", 100 + i, ref, alt, f"{cell}_{assay}", cell, assay, effect, np.nan))
    return pd.DataFrame(rows, columns=tables.SCHEMAS["ism"].names)


SEQLETS = pd.DataFrame(
    [
        ("r", "beta_atac", "chr1", 105, 110, 2.0, 1e-9, "GATTA", "NAMED", "+", 1e-6, 1e-4),
        ("r", "beta_atac", "chr1", 101, 104, 1.0, 1e-3, "CGT", "UNLIKE", "+", 0.4, 0.9),
        ("r", "beta_atac", "chr1", 110, 112, -1.0, 1e-3, "CA", "BELOW", "-", 1e-6, 1e-4),
    ],
    columns=tables.SCHEMAS["seqlets"].names,
)
TRUTH = pd.DataFrame(
    [
        ("SITE", False, "chr1", 104, 110, "-", 0, 107, "enhancer", "g"),
        ("FAKE", True, "chr1", 95, 101, "+", 0, 107, "enhancer", "g"),
        ("FAR", False, "chr1", 112, 120, "+", 1, 200, "enhancer", "g"),
        ("OTHER", False, "chr2", 104, 110, "+", 2, 107, "enhancer", "g"),
    ],
    columns=tables.SCHEMAS["truth_motifs"].names,
)


def coverage() -> pd.DataFrame:
    rows = [
        ("chr1", 64 + 8 * i, 72 + 8 * i, track, float(i), 2.0 * i)
        for i in range(9)
        for track in ("beta_atac", "alpha_atac", "gamma_atac")
    ]
    return pd.DataFrame(rows, columns=tables.SCHEMAS["ism_coverage"].names)


def region(**more) -> Saturated:
    return Saturated("r", table(), SEQLETS, coverage(), "chr1:109:T:G", **more)


def test_cell_types_by_strength_and_one_assay():
    assert shown_tracks(table(), Picture()) == ["beta_atac", "alpha_atac", "gamma_atac"]
    assert shown_tracks(table(), Picture(cell_types=2)) == ["beta_atac", "alpha_atac"]
    assert shown_tracks(table(), Picture(assay="rna")) == ["beta_rna", "alpha_rna", "gamma_rna"]
    assert shown_tracks(table(), Picture(assay="none")) == ["beta_atac", "alpha_atac", "gamma_atac"]


def test_planted_sites_that_meet_the_region():
    assert planted(TRUTH, "chr1", 100, 112)["motif"].tolist() == ["FAKE", "SITE"]
    assert planted(None, "chr1", 100, 112).empty


def test_what_the_picture_shows():
    text = drawn(saturated(region(truth=TRUTH), Picture(cell_types=2), True), "svg").decode()
    for words in ("SIMULATED DATA", "beta (beta_atac)", "alpha (alpha_atac)", "position on chr1 (bp, 0-based)"):
        assert words in text
    assert "SITE \N{LEFTWARDS ARROW}" in text and "FAKE" in text and "FAR" not in text
    assert "NAMED" in text and "UNLIKE" not in text and "BELOW" not in text
    assert "gamma" not in text and "predicted coverage" not in text and "del." in text
    plain = drawn(saturated(region(), Picture(coverage=True), False), "svg").decode()
    assert "SITE" not in plain and "SIMULATED" not in plain
    assert "predicted coverage, beta_atac" in plain and "chr1:109:T:G" in plain


def test_the_colour_scale_is_that_of_substitutions():
    figure = saturated(region(), Picture(), False)
    images = [image for axis in figure.axes for image in axis.images]
    shown = table().query("alt != '-' and assay == 'atac'")["log_fc"].abs().max()
    assert {image.get_clim() for image in images} == {(-shown, shown)}
    grid = images[0].get_array()
    assert grid.shape == (5, len(TEXT))
    assert np.isnan(np.ma.filled(grid.astype(float), np.nan)[:4]).sum() == 4 + len(TEXT) - 1  # N, and own bases


@pytest.mark.parametrize("settings", [Picture(), Picture(coverage=True)])
def test_same_input_same_bytes(settings):
    assert drawn(saturated(region(truth=TRUTH), settings, True), "svg") == drawn(
        saturated(region(truth=TRUTH), settings, True), "svg"
    )


def test_without_deletions_long_and_empty():
    rows = table()
    four = Saturated("r", rows[rows["alt"] != "-"], SEQLETS.iloc[:0], coverage())
    assert "del." not in drawn(saturated(four, Picture(), False), "svg").decode()
    long = Saturated("r", table("ACGT" * 120), SEQLETS.iloc[:0], coverage())
    figure = saturated(long, Picture(cell_types=1), False)
    assert len([bar for axis in figure.axes for bar in axis.patches]) >= 480  # bars, no letters
    none = Saturated("r", tables.empty("ism"), SEQLETS.iloc[:0], tables.empty("ism_coverage"))
    assert "no base here" in drawn(saturated(none, Picture(), None), "svg").decode()
