"""presage.study: where inputs lie."""

import pytest

from presage import data_registry
from presage.config.root import Sequence
from presage.sequence.assemblies import ASSEMBLIES
from presage.study import PUBLIC_FILES, SequenceInputs


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({}, None),
        ({"preset": "mm39"}, None),
        ({"preset": "hg38"}, f"{PUBLIC_FILES}/blacklist/hg38-blacklist.v2.bed.gz"),
        ({"preset": "hg38", "blacklist": ""}, None),
        ({"preset": "hg38", "blacklist": "own.bed"}, "own.bed"),
    ],
)
def test_the_blacklist_is_the_own_one_or_the_presets(keys: dict, path: str | None) -> None:
    trunk = {"kind": "presage", "path": "t"}
    config = Sequence(samples="x.tsv", reference={"fasta": "a.fa", **keys}, trunk=trunk)
    assert SequenceInputs(config, "world").blacklist == path


def test_every_presets_blacklist_is_in_the_registry() -> None:
    names = [build.blacklist for build in ASSEMBLIES.values() if build.blacklist]
    assert len(names) == 3
    assert all(data_registry.members(name.removeprefix(data_registry.PREFIX)) for name in names)
