"""Where files come from: the hub's own cache is used, and a hub that is out of reach is one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from presage.config.root import Sequence
from presage.config.trunk import Trunk
from presage.errors import UserError
from presage.sequence.model import hub
from presage.study import SequenceInputs

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/borzoi-replicate-0"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A cache as the hub's client leaves it, with the config and old-style weights of one commit."""
    constants = pytest.importorskip("huggingface_hub.constants")
    folder = tmp_path / "models--someone--borzoi-replicate-0"
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for name in ("config.json", "pytorch_model.bin"):
        (folder / "snapshots" / COMMIT / name).write_text("{}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def test_cache_is_read_offline(offline):
    settings = Trunk(kind="huggingface", repository=REPOSITORY)
    assert hub.locate(settings, hub.CONFIG).read_text() == "{}"
    weights = hub.locate(settings, *hub.WEIGHTS)
    assert weights.name == "pytorch_model.bin"
    assert hub.commit(weights) == COMMIT
    assert hub.commit(Path("models/borzoi/model.safetensors")) is None


@pytest.mark.parametrize("change", [{"repository": "someone/else"}, {"revision": "v2"}])
def test_what_is_not_in_the_cache_is_told_in_one_line(offline, change):
    settings = Trunk(**{"kind": "huggingface", "repository": REPOSITORY, **change})
    with pytest.raises(UserError, match=r"cannot read config.json .*; set trunk.path to a folder") as told:
        hub.locate(settings, hub.CONFIG)
    assert "\n" not in str(told.value)
    assert f"{settings.repository}@{settings.revision}" in str(told.value)


def test_huggingface_needs_a_folder_or_a_repository():
    for given in ({}, {"path": "a", "repository": REPOSITORY}):
        with pytest.raises(ValidationError, match="one of path"):
            Trunk(kind="huggingface", **given)
    with pytest.raises(ValidationError, match="repository"):
        Trunk(kind="huggingface", repository="no repository")


def test_a_folders_files_are_inputs_of_the_job_and_a_repository_has_none(tmp_path):
    def files(**given) -> list[str]:
        trunk = {"kind": "huggingface", **given}
        branch = {"tfrecords": "set", "reference": {"fasta": "g.fa"}, "trunk": trunk}
        return [Path(path).name for path in SequenceInputs(Sequence.model_validate(branch), "").trunk_files]

    assert files(repository=REPOSITORY, targets="targets.txt") == ["targets.txt"]
    assert files(path=str(tmp_path)) == ["config.json", "model.safetensors"]
    (tmp_path / "pytorch_model.bin").touch()
    assert files(path=str(tmp_path)) == ["config.json", "pytorch_model.bin"]
    (tmp_path / "model.safetensors").touch()
    assert files(path=str(tmp_path)) == ["config.json", "model.safetensors"]


def test_the_trunk_room_imports_no_package_of_others():
    absent = {"borzoi_pytorch", "transformers", "huggingface_hub", "enformer_pytorch"}
    code = f"import sys, presage.sequence.training.trunk_step; print({absent} & set(sys.modules))"
    root = Path(__file__).resolve().parents[4]
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root / "scripts", check=True
    )
    assert found.stdout.strip() == "set()"
