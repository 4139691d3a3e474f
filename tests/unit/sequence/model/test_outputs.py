"""What an adapter predicts, from its card: the same as from the targets that it was fitted to."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.sequence.model.outputs import outputs_of, to_card
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import describe
from tests.unit.sequence.model_cases import target_set

NAMED = pd.DataFrame(
    [("b-", "B", "rna", "-"), ("other", "T", "atac", "."), ("a+", "A", "rna", "+"), ("c", "C", "atac", ".")],
    columns=["slug", "cell_type", "assay", "strand"],
)


def fitted(folder: Path, **changed: object) -> Path:
    """The weights file of an adapter whose card says what it predicts."""
    tracks = NAMED.iloc[[2, 0, 3]]["slug"].tolist()
    scale = Scale(
        ("none", "sqrt", "none"), np.ones(3), np.array([np.inf, 32, np.inf]), np.full(3, np.inf), np.full(3, 7)
    )
    data = TargetSet(folder, pd.DataFrame(), tracks, tracks, 32, "", False, np.array([1, 0, 2]), scale=scale)
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps({"tracks": tracks, **to_card(data, NAMED), **changed}))
    return folder / "adapter.safetensors"


def test_a_card_tells_tracks_in_the_models_order_and_their_scale(tmp_path: Path) -> None:
    found = outputs_of([fitted(tmp_path / "a"), fitted(tmp_path / "b")])
    assert found.tracks.equals(NAMED.iloc[[2, 0, 3]].reset_index(drop=True))
    assert found.scale is not None and found.scale.squash == ("none", "sqrt", "none")
    assert found.scale.clip_soft.tolist() == [np.inf, 32, np.inf] and found.scale.divided_by.tolist() == [7] * 3


def test_a_set_without_a_recorded_scale_has_none(tmp_path: Path) -> None:
    data = target_set(tmp_path / "t.zarr")
    assert to_card(data, describe(data))["scale"] is None
    assert outputs_of([fitted(tmp_path / "a", scale=None)]).scale is None


@pytest.mark.parametrize(
    ("key", "value"), [("tracks", ["x", "y", "z"]), ("assays", ["rna"] * 3), ("cell_types", ["A"] * 3), ("scale", None)]
)
def test_adapters_that_predict_different_things_are_not_averaged(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(UserError, match=rf"b: predicts other {key} than .*a; score with one"):
        outputs_of([fitted(tmp_path / "a"), fitted(tmp_path / "b", **{key: value})])


@pytest.mark.parametrize("changed", [{"assays": ["rna"]}, {"scale": {"squash": ["none"]}}, {"scale": 3}])
def test_a_card_that_contradicts_itself_is_named(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"card.json: does not say what the adapter predicts"):
        outputs_of([fitted(tmp_path / "a", **changed)])
