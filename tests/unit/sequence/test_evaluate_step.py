"""The step of evaluation: every adapter with its seeds, what stands beside them, and one window to look at."""

from pathlib import Path

import pandas as pd
import pytest

from presage import tables
from presage.config.evaluate import Evaluate
from presage.sequence import evaluate_step
from presage.sequence.evaluate_step import Models, evaluate_tracks
from presage.sequence.model.outputs import Outputs
from presage.sequence.model.sequence_model import SequenceModel
from tests.unit.sequence.adapters.cases import adapted_model
from tests.unit.sequence.model_cases import target_set

COLUMNS = ["slug", "cell_type", "assay", "strand"]
TRACKS = pd.DataFrame([("a+", "A", "rna", "+"), ("a-", "A", "rna", "-"), ("b", "B", "atac", ".")], columns=COLUMNS)
FITTED = [Path("adapt/lora/seed1"), Path("adapt/lora/seed2"), Path("adapt/probe/seed1")]


class MadeUp(Models):
    """Of models that lie in no file."""

    def load(self, folder: Path | None = None) -> SequenceModel:
        return adapted_model()


def evaluated(tmp_path: Path, given: list[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    data = target_set(tmp_path / "t.zarr")
    tracks = TRACKS.assign(slug=data.tracks)
    settings = Evaluate(bootstrap=100)
    return evaluate_tracks(MadeUp("trunk", "cpu"), FITTED, given, data, tracks, tables.empty("genes"), settings, qc={})


def test_every_adapter_is_evaluated_with_its_seeds(tmp_path: Path) -> None:
    metrics, window = evaluated(tmp_path, [])
    own = metrics[(metrics["metric"] == "bin_pearson") & metrics["seed"].notna()]
    seeds = {name: set(rows["seed"]) for name, rows in own.groupby("model")}
    assert (seeds["lora"], seeds["probe"]) == ({1, 2}, {1})
    assert len(window)


@pytest.mark.parametrize("known", [True, False])
def test_an_adapter_from_elsewhere_stands_beside_them_or_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, known: bool
) -> None:
    theirs = TRACKS if known else TRACKS.assign(cell_type="nobody's")
    monkeypatch.setattr(evaluate_step, "outputs_of", lambda paths: Outputs(theirs, None))
    with caplog.at_level("WARNING", logger="presage"):
        metrics, _ = evaluated(tmp_path, [Path("given/lab_a/seed1"), Path("given/lab_a/seed2")])
    assert ("lab_a" in set(metrics["model"])) is known
    assert ("lab_a is not evaluated" in caplog.text) is not known
