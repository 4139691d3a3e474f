"""What a track is: by the run's own table, or by the names of a TFRecord set."""

from types import SimpleNamespace

import pandas as pd
import pytest

from presage import tables
from presage.sequence.targets.track_names import describe, track_info


def test_names_of_a_tfrecord_set_describe_themselves() -> None:
    names = ["RNA3:B cell+", "RNA3:B cell-", "ATAC:B cell", "DNASE:K562", "CAGE:liver, adult -", "plain", "plain+"]
    found = describe(SimpleNamespace(tracks=[f"t{i}" for i in range(len(names))], names=names))
    assert found["slug"].tolist() == [f"t{i}" for i in range(len(names))]
    assert found.iloc[:, 1:].to_numpy().tolist() == [
        ["B cell", "rna", "+"],
        ["B cell", "rna", "-"],
        ["B cell", "atac", "."],
        ["K562", "atac", "."],
        ["liver, adult", "cage", "-"],
        ["plain", "track", "."],
        ["plain", "track", "+"],
    ]


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [("b_rna", "B", "rna", "."), ("t_atac", "T", "atac", ".")]
    return pd.DataFrame(rows, columns=["slug", "cell_type", "assay", "strand"])


def test_the_table_of_the_run_comes_first(monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame) -> None:
    monkeypatch.setattr(tables, "read", lambda path, name: table.assign(sample="s"))
    assert describe(SimpleNamespace(tracks=[], names=[]), "tracks.parquet").equals(table)


def test_tracks_of_a_model_are_found_in_its_order(table: pd.DataFrame) -> None:
    found = track_info(["t_atac", "b_rna", "t_atac"], table)
    assert found["track"].tolist() == ["t_atac", "b_rna", "t_atac"] and found["cell_type"].tolist() == ["T", "B", "T"]
    with pytest.raises(ValueError, match="lacks c and 1 more"):
        track_info(["b_rna", "c", "d"], table)
