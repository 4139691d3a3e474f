"""A fit that was killed ends at the same bits as one that was not; a changed setting starts anew."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from presage.config.training import Training
from presage.sequence.model.weights import save_trunk
from presage.sequence.training.fit import fit
from presage.sequence.training.resume import Resume, Saved, resume_in
from tests.running import ROOT
from tests.unit.sequence.model_cases import lively_model, target_set
from tests.unit.sequence.training.killed_fit import FILES, fit_one

STEPS = {"trunk": 9, "adapt": 15}  # of an undisturbed run: 3 epochs of 3 batches, and 2 more for the head


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """Undisturbed runs, beside the trunk that the adapter is fitted in."""
    folder = tmp_path_factory.mktemp("fits")
    save_trunk(folder / "base", lively_model())
    for what in FILES:
        (folder / what).mkdir()
        fit_one(what, folder / what)
        assert not (folder / what / ".resume").exists()
    return folder


def started(what: str, folder: Path, dies_at: int) -> int:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.unit.sequence.training.killed_fit", what, str(folder), str(dies_at)]
    return subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, check=False).returncode


@pytest.mark.parametrize("what", list(FILES))
@pytest.mark.parametrize("seed", [0, 1])
def test_a_killed_fit_ends_at_the_same_bytes(calm, what, seed):
    folder = calm / f"{what}-{seed}"
    folder.mkdir()
    dies_at = int(np.random.default_rng(seed).integers(1, STEPS[what]))
    assert started(what, folder, dies_at) == -signal.SIGKILL
    assert any((folder / ".resume").rglob("*.safetensors"))
    assert not (folder / "out").exists()
    assert started(what, folder, STEPS[what] - dies_at) == 0, "the second life did not go on from the first"
    for name in FILES[what]:
        assert (folder / "out" / name).read_bytes() == (calm / what / "out" / name).read_bytes(), name
    assert not (folder / ".resume").exists()


def test_a_finished_fit_is_not_run_again(tmp_path, monkeypatch):
    data, resume = target_set(tmp_path / "t.zarr"), Resume(tmp_path / "r")
    training = Training(epochs=2, batch_size=4, lr=0.01)
    first, second = lively_model(), lively_model()
    done = fit(first, data, training, seed=0, resume=resume)
    monkeypatch.setattr("presage.sequence.training.fit._Fitting._step", None)
    again = fit(second, data, training, seed=0, resume=resume)
    assert done.history.equals(again.history)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters()))


def test_another_fit_has_another_folder(tmp_path):
    data = target_set(tmp_path / "t.zarr")
    other = target_set(tmp_path / "u.zarr", seed=1)
    one = resume_in(tmp_path, __file__, data, 1.0, seed=1)
    assert one == resume_in(tmp_path, __file__, data, 1.0, seed=1)
    assert len({r.folder for r in (one, resume_in(tmp_path, __file__, data, 1.0, seed=2))}) == 2
    assert resume_in(tmp_path, __file__, other, 1.0, seed=1).folder != one.folder
    assert resume_in(None, __file__, data, 1.0) is None


def test_saves_come_back_to_the_bit_and_broken_ones_are_left_aside(tmp_path):
    resume = Resume(tmp_path / "r", every_s=1e9)
    assert resume.load() is None
    facts = {"x": 0.1 + 0.2, "rng": np.random.default_rng(3).bit_generator.state, "nan": float("nan")}
    resume.save(Saved({"a": torch.tensor(3.0), "b": torch.arange(6.0).reshape(2, 3).T}, facts))
    found = resume.load()
    assert found.facts["rng"] == facts["rng"]
    assert found.facts["x"] == facts["x"]
    assert torch.equal(found.tensors["b"], torch.arange(6.0).reshape(2, 3).T)
    assert (resume.due(), Resume(tmp_path, every_s=0).due()) == (False, True)
    whole = resume.path.read_bytes()
    for damaged in (whole[:100], whole[:-1] + bytes([whole[-1] ^ 1]), b""):  # the second: one bit of one number
        resume.path.write_bytes(damaged)
        assert resume.load() is None
    resume.path.write_bytes(whole)
    assert resume.load() is not None
