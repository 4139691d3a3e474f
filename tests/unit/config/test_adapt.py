"""Adapter runs: the grid of every rank with every share of windows, and adapters that were fitted elsewhere."""

import pytest
from pydantic import ValidationError

from presage.config.adapt import Adapt
from presage.config.root import Sequence


def test_a_grid_is_all_pairs_named_after_both():
    entry = {"name": "l", "kind": "lora", "ranks": [1, 4], "alpha_per_rank": 2, "train_shares": [0.25, 1]}
    runs = {run.name: run for run in Adapt(runs=[{"name": "p", "kind": "probe"}], grid=[entry]).runs}
    assert list(runs) == ["p", "l_r1_t25", "l_r1_t100", "l_r4_t25", "l_r4_t100"]
    assert (runs["l_r4_t25"].rank, runs["l_r4_t25"].alpha, runs["l_r4_t25"].train_share) == (4, 8, 0.25)
    assert runs["l_r1_t100"].targets == runs["l_r4_t25"].targets  # the kind's own


def test_a_grid_without_lists_is_one_run_and_a_written_config_reads_back():
    given = Adapt(grid=[{"name": "x", "kind": "ia3"}, {"name": "p", "kind": "probe", "train_shares": [0.5]}])
    assert [run.name for run in given.runs][-2:] == ["x", "p_t50"]
    assert Adapt(**given.model_dump(mode="json")) == given


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "x", "kind": "ia3", "ranks": [4]}, "kind ia3 has no key rank"),
        ({"name": "x", "kind": "lora", "ranks": [0]}, "greater than or equal to 1"),
        ({"name": "x", "kind": "lora", "train_shares": [1.5]}, "less than or equal to 1"),
        ({"name": "lora", "kind": "lora", "rank": 3}, "names of runs repeat"),
    ],
)
def test_impossible_grids(entry, words):
    with pytest.raises(ValidationError, match=words):
        Adapt(grid=[entry])


def test_adapters_from_elsewhere_stand_behind_those_that_are_fitted():
    adapt = Adapt(given={"lab_a": "a", "lab_b": ["b1", "b2"]})
    assert adapt.names == ["lora", "probe", "ridge", "lab_a", "lab_b"]
    assert adapt.folders == {"lab_a": ("a",), "lab_b": ("b1", "b2")}
    assert Adapt(**adapt.model_dump(mode="json")) == adapt


@pytest.mark.parametrize(
    ("adapt", "words"),
    [
        ({"given": {"lora": "folder"}}, "names of runs repeat"),
        ({"given": {"a/b": "folder"}}, "should match pattern"),
        ({"given": {"a": []}}, "at least 1 item"),
        ({"runs": []}, "there is no adapter: give runs to fit, or given"),
    ],
)
def test_impossible_adapters(adapt, words):
    with pytest.raises(ValidationError, match=words):
        Adapt(**adapt)


@pytest.mark.parametrize("section", [{"variants": {"adapter": ["lora", "x"]}}, {"ism": {"adapter": "x"}}])
def test_what_scores_is_an_adapter_of_the_study(section):
    with pytest.raises(ValidationError, match="adapter 'x' is none of adapt: lora, probe, ridge"):
        Sequence(world={}, **section)
    Sequence(world={}, adapt={"given": {"x": "folder"}}, **section)
