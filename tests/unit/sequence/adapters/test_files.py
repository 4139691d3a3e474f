"""Adapter files are checked against the trunk, and for damage, before anything is predicted with them."""

import json
from pathlib import Path

import numpy as np
import pytest

from presage.errors import UserError
from presage.sequence.adapters.files import check_adapter, save_adapter
from presage.sequence.model.outputs import to_card
from presage.sequence.targets.track_names import describe
from tests.unit.sequence.adapters.cases import RUNS, adapted_model
from tests.unit.sequence.model_cases import target_set


@pytest.fixture
def sent(tmp_path: Path) -> tuple[Path, str]:
    """The folder of a whole adapter, and the hash of its trunk."""
    data, model = target_set(tmp_path / "t.zarr"), adapted_model(RUNS["lora"])
    save_adapter(tmp_path / "sent", model, RUNS["lora"], {"seed": 1, **to_card(data, describe(data))})
    return tmp_path / "sent", model.trunk_hash


def test_a_whole_adapter_on_its_own_trunk_passes(sent: tuple[Path, str]) -> None:
    folder, trunk = sent
    assert check_adapter(folder, trunk) == json.loads((folder / "card.json").read_text())


def test_another_trunk_a_changed_byte_and_an_older_card_are_refused(sent: tuple[Path, str]) -> None:
    folder, trunk = sent
    with pytest.raises(UserError, match=rf"was fitted on trunk {trunk}, this is {'0' * 16}; give its own trunk"):
        check_adapter(folder, "0" * 16)
    raw = bytearray((folder / "adapter.safetensors").read_bytes())
    raw[-1] ^= 1
    (folder / "adapter.safetensors").write_bytes(raw)
    with pytest.raises(UserError, match=r"adapter.safetensors: has hash \w+, its card says .*copy both files again"):
        check_adapter(folder, trunk)
    card = json.loads((folder / "card.json").read_text())
    for key, words in (("format", "has format None, this is 3; fit the adapter again"), ("trunk_hash", "trunk_hash")):
        (folder / "card.json").write_text(json.dumps({name: card[name] for name in card if name != key}))
        with pytest.raises(UserError, match=words):
            check_adapter(folder, trunk)


def test_a_tensor_that_no_layer_takes_is_refused(sent: tuple[Path, str]) -> None:
    from safetensors.numpy import load_file, save_file

    folder, trunk = sent
    tensors = load_file(folder / "adapter.safetensors")
    save_file({**tensors, "trunk.extra": np.zeros(3, np.float32)}, folder / "adapter.safetensors")
    with pytest.raises(UserError, match="has hash"):
        check_adapter(folder, trunk)
