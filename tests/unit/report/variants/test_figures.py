"""Figures show the numbers of the table: places, colours of folds, marks of doubt; the same input, the same bytes."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from presage.report.run import NoData
from presage.report.style import CYCLE, drawn, style
from presage.report.variants import figures
from presage.report.variants.page import symbols, track_labels
from presage.report.variants.rows import overview
from presage.sequence.reference.folds import FOLDS, OUTSIDE
from presage.sequence.variants.vcf import strongest
from tests.unit.report.made_up_variants import GENES, made_up_set, tracks_of

TYPES = ["astro", "micro", "neuron"]
TRACKS = tracks_of(TYPES)
LABELS = track_labels(TRACKS)


def seen_of(folder, count, types=TYPES, **more):
    return overview(made_up_set(folder, count, types, **more).scores)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return seen_of(tmp_path_factory.mktemp("set"), 120)


@pytest.fixture(autouse=True)
def look():
    with style():
        yield


DRAW = {
    "volcano": lambda seen: figures.volcano(seen, True),
    "heat": lambda seen: figures.heat_map(seen, True, symbols(GENES)),
    "specificity": lambda seen: figures.specificity(seen, True, LABELS),
}


@pytest.mark.parametrize("name", DRAW)
def test_equal_tables_give_equal_bytes(seen, name):
    first, second = (drawn(DRAW[name](seen)[0], "svg") for _ in range(2))
    assert first == second and b"SIMULATED DATA" in first


@pytest.mark.parametrize("name", DRAW)
def test_one_variant_draws_and_none_says_so(tmp_path, name):
    figure, numbers = DRAW[name](seen_of(tmp_path / "one", 1))
    assert figure.axes and len(numbers)
    with pytest.raises(NoData, match="no variant was scored"):
        DRAW[name](seen_of(tmp_path / "none", 0))


def test_folds_have_their_colours_in_the_volcano(seen):
    figure, numbers = figures.volcano(seen, False)
    axes = figure.axes[0]
    found = {to_hex(points.get_facecolors()[0]).upper() for points in axes.collections if len(points.get_offsets())}
    assert found == set(figures.FOLDS.values())
    assert sum(len(points.get_offsets()) for points in axes.collections) == len(numbers)
    named = [text.get_text() for text in axes.texts if text.get_text() != "p = 0.05"]
    best = strongest(seen.top, len(seen.tracks)).head(10)
    allowed = [f"{rank}  {variant}" for rank, variant in zip(best["rank"], best["variant"])]
    assert named and set(named) <= set(allowed) and named[0] == allowed[0]


def test_the_colours_can_be_told_apart_without_colour_vision():
    """They are of Okabe and Ito's palette, and every fold has one."""
    assert set(figures.FOLDS.values()) <= set(CYCLE) and len(set(figures.FOLDS.values())) == 4
    assert set(figures.FOLDS) == {*FOLDS, OUTSIDE}


def test_many_points_become_one_picture(seen, monkeypatch):
    monkeypatch.setattr(figures, "CROWD", 10)
    figure, _ = figures.volcano(seen, False)
    assert b"<image" in drawn(figure, "svg")


def test_nothing_tells_one_prediction_from_noise(tmp_path):
    alone = seen_of(tmp_path, 5, p_null=None, log_fc_sd=None)
    with pytest.raises(NoData, match="no spread"):
        figures.volcano(alone, False)


def test_without_a_null_the_axis_says_so(tmp_path):
    figure, numbers = figures.volcano(seen_of(tmp_path, 30, p_null=None), False)
    assert figure.axes[0].get_ylabel().startswith("size of the effect / its SD")
    assert "effect_by_sd" in numbers and numbers["effect_by_sd"].max() <= figures.LIMIT


def test_heights_of_names_are_those_of_points():
    row = {"log_fc": -0.6, "log_fc_sd": 0.2, "p_null": 0.01}
    assert figures.height_of("p_null", row) == pytest.approx(2)
    assert figures.height_of("ratio", row) == pytest.approx(3)
    assert figures.height_of("ratio", {**row, "log_fc_sd": 0.0}) == figures.LIMIT
    assert figures.height_of("ratio", {**row, "log_fc": 0.0, "log_fc_sd": 0.0}) == 0


def test_a_cell_is_of_the_main_strand_and_doubt_is_its_own():
    common = {"rank": 1, "variant": "v", "assay": "rna", "cell_type": "a", "p_null": np.nan, "log_fc_sd": np.nan,
              "main_strand": True}  # fmt: skip
    rows = pd.DataFrame(
        [
            {**common, "track": "a+", "log_fc": 0.5, "sign_agreement": 0.7},
            {**common, "track": "a-", "log_fc": -0.9, "sign_agreement": 1.0, "main_strand": False},
            {**common, "track": "b+", "cell_type": "b", "log_fc": 0.1, "sign_agreement": 0.8, "p_null": 0.05},
            {**common, "track": "c+", "cell_type": "c", "log_fc": 0.1, "sign_agreement": 1.0, "p_null": 0.06},
            {**common, "track": "d+", "cell_type": "d", "log_fc": -0.1, "sign_agreement": 1.0, "log_fc_sd": 0.2},
        ]
    )
    found = figures.by_type(rows)
    assert found["track"].tolist() == ["a+", "b+", "c+", "d+"]
    assert found["sure"].tolist() == [False, True, False, False]


def test_the_heat_map_shows_the_table(seen):
    figure, numbers = figures.heat_map(seen, False, symbols(GENES))
    panels = [axes for axes in figure.axes if axes.images and axes.get_title(loc="left") in ("RNA", "ATAC")]
    assert [axes.get_title(loc="left") for axes in panels] == ["RNA", "ATAC"]
    for axes, assay in zip(panels, ("rna", "atac")):
        rows = numbers[numbers["assay"] == assay].pivot(index="rank", columns="cell_type", values="log_fc")
        np.testing.assert_allclose(np.asarray(axes.images[0].get_array()), rows[TYPES].to_numpy())
        crosses = {tuple(map(int, place)) for place in axes.collections[0].get_offsets()}
        doubt = numbers[(numbers["assay"] == assay) & ~numbers["sure"]]
        assert crosses == {(TYPES.index(name), rank - 1) for name, rank in zip(doubt["cell_type"], doubt["rank"])}
    names = [label.get_text() for label in panels[0].get_yticklabels()]
    assert len(names) == 30 and names[0].split()[:2] == ["1", seen.top["variant"].iloc[0]]


def test_of_many_cell_types_those_with_the_largest_effects_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "TYPES", 2)
    figure, numbers = figures.heat_map(seen_of(tmp_path, 20), False, {})
    size = numbers[numbers["assay"] == "atac"].groupby("cell_type")["log_fc"].agg(lambda v: v.abs().max())
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left") == "ATAC"]
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert set(shown) == set(size.nlargest(2).index) and shown == sorted(shown, key=TYPES.index)


def test_specificity_compares_types_of_one_assay_and_strand(seen):
    figure, numbers = figures.specificity(seen, False, LABELS)
    groups = numbers.groupby("rank")
    assert (groups[["assay", "strand"]].nunique() == 1).all().all() and (groups.size() == len(TYPES)).all()
    best = strongest(seen.top, len(seen.tracks)).head(figures.SPECIFIC)
    left, right = figure.axes[:2]
    points = next(line for line in left.lines if line.get_label().startswith("where it is strongest"))
    np.testing.assert_allclose(points.get_xdata(), best["specificity"])
    bars = [bar.get_width() for bar in right.patches[: len(best)]]
    np.testing.assert_allclose(bars, best["top_share"])
    reach = np.concatenate([path.vertices[:, 0] for path in left.collections[0].get_paths()])
    np.testing.assert_allclose(np.ptp(reach.reshape(-1, 2), axis=1), 2 * best["specificity_sd"])


def test_a_single_cell_type_has_nothing_to_be_compared_with(tmp_path):
    alone = seen_of(tmp_path, 5, ["astro"])
    with pytest.raises(NoData, match="no other cell type"):
        figures.specificity(alone, False, track_labels(tracks_of(["astro"])))
