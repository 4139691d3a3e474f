"""Where a trunk comes from: a run that has none is told what to give."""

from pathlib import Path

import pytest

from presage.config.load import load
from presage.errors import UserError

DEMO = Path(__file__).resolve().parents[3] / "config" / "demo.yaml"
OWN = {"samples": "s.tsv", "reference": {"fasta": "g.fa"}}


def test_own_data_need_a_trunk_or_tracks_to_train_one_on() -> None:
    with pytest.raises(UserError, match=r"there is no trunk: give a trained one .* or trunk\.bulk"):
        load({"run": "r", "sequence": OWN}, DEMO)
    given = load({"run": "r", "sequence": {**OWN, "trunk": {"bulk": "tracks.tsv"}}}, DEMO)
    assert given.sequence is not None and given.sequence.trunk.kind == "train"


@pytest.mark.parametrize(
    ("sequence", "said"),
    [
        ({"world": {}, "trunk": {"bulk": "tracks.tsv"}}, "trains its trunk on its own bulk tracks"),
        ({**OWN, "trunk": {"kind": "presage", "path": "p", "bulk": "t.tsv"}}, "is trained already"),
    ],
)
def test_two_sources_are_refused(sequence: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load({"run": "r", "sequence": sequence}, DEMO)
