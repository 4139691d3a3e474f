"""The tutorial on sharing an adapter: its commands and its Python run, in order, on a small trunk and adapter."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from presage import tables
from presage.errors import UserError
from presage.sequence.adapters.files import save_adapter
from presage.sequence.loading import load_model
from presage.sequence.model.outputs import to_card
from presage.sequence.model.weights import save_trunk
from presage.sequence.targets.target_set import FOLDS
from presage.sequence.targets.track_names import describe
from tests.docs.pages import blocks
from tests.running import ROOT
from tests.unit.sequence.adapters.cases import RUNS, adapted_model
from tests.unit.sequence.model_cases import lively_model, target_set

PAGE = ROOT / "docs" / "tutorials" / "share_adapter.md"
DEMO = Path("results/demo")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the demo leaves: a genome, a trunk, and an adapter in it."""
    monkeypatch.chdir(tmp_path)
    save_trunk(DEMO / "sequence/trunk", lively_model())
    trunk = load_model(DEMO / "sequence/trunk")
    model = adapted_model(RUNS["lora"])
    data = target_set(tmp_path / "targets.zarr")
    card = {"seed": 1, **to_card(data, describe(data))}
    save_adapter(DEMO / "sequence/adapt/lora/seed1", model, RUNS["lora"], card)
    windows = DEMO / "sequence/reference/windows.parquet"
    windows.parent.mkdir(parents=True)
    tables.write(windows, "windows", data.windows)
    assert trunk.trunk_hash == model.trunk_hash
    (DEMO / "worlds/genome").mkdir(parents=True)
    letters = np.random.default_rng(0).choice(list("ACGT"), 30_000)
    (DEMO / "worlds/genome/genome.fa").write_text(f">chr1\n{''.join(letters)}\n")
    return tmp_path


def test_the_tutorial_runs(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in blocks(PAGE):
        if block.language == "bash":
            for command in block.commands:
                if "snakemake" not in command:  # planned by test_commands.py, run by end_to_end/test_micro.py
                    subprocess.run(command, shell=True, check=True)
        elif block.language == "python":
            exec(compile(block.text, str(block), "exec"), names)
    said = capsys.readouterr().out
    assert "lora" in said and "3 tracks, e.g. a+" in said
    effects = [float(line.rsplit(" ", 1)[1]) for line in said.splitlines() if line.startswith("chr1:20001:")]
    assert len(effects) == 3 and any(effects)
    assert {line.split("\t")[3] for line in Path("to_share/windows.bed").read_text().split("\n")[:-1]} == set(FOLDS)


def test_another_trunk_and_a_damaged_file_are_refused(lab: Path) -> None:
    save_trunk("other", lively_model(seed=1))
    with pytest.raises(UserError, match="was fitted on trunk"):
        load_model("other", DEMO / "sequence/adapt/lora/seed1")
    folder = lab / "damaged"
    shutil.copytree(DEMO / "sequence/adapt/lora/seed1", folder)
    weights = folder / "adapter.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    with pytest.raises(UserError, match="its card says"):
        load_model(DEMO / "sequence/trunk", folder)
