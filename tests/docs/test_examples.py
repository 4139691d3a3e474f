"""Every YAML example of the documentation is a configuration, or a piece of one, that presage takes."""

from typing import Any

import pytest
import yaml

from presage import plugins
from presage.config.root import Config, HomeCage, Sequence
from tests.docs.pages import Block, blocks, pages
from tests.running import ROOT

EXAMPLES = [block for page in pages() for block in blocks(page) if block.language == "yaml"]
OTHER = ("cff-version", "jobs", "default-resources")
"""First keys of YAML that is no configuration of presage."""


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_an_example_is_a_valid_configuration(block: Block) -> None:
    given = yaml.safe_load(block.text)
    if next(iter(given)) not in OTHER:
        plugins.use(str(ROOT / path) for path in given.get("plugins", ()))
        Config.model_validate(_whole(given))
        plugins.use(())


def _whole(piece: dict[str, Any]) -> dict[str, Any]:
    """A piece at its place, with a world where it names no input of its own."""
    if set(piece) <= set(Config.model_fields):
        whole = piece
    elif set(piece) <= set(Sequence.model_fields):
        whole = {"sequence": piece}
    else:
        assert set(piece) <= set(HomeCage.model_fields), f"keys of no section: {sorted(piece)}"
        whole = {"homecage": piece}
    sequence, homecage = whole.get("sequence"), whole.get("homecage")
    if sequence is not None and not {"samples", "tfrecords", "world"} & set(sequence):
        whole["sequence"] = {"world": {}, **sequence, "adapt": _with_named_runs(sequence)}
    if homecage is not None and not ({"segments", "world", "dss"} & set(homecage) or "readings" in homecage):
        whole["homecage"] = {"world": {}, **homecage}
    return whole if sequence is not None or homecage is not None else {**whole, "homecage": {"world": {}}}


def _with_named_runs(sequence: dict[str, Any]) -> dict[str, Any]:
    """The adapt section, with a probe run by each name that another section refers to."""
    adapt: dict[str, Any] = dict(sequence.get("adapt") or {})
    asked = [(sequence.get(key) or {}).get("adapter") for key in ("cells", "generalise", "variants", "ism", "mpra")]
    named = [name for given in asked for name in ([given] if isinstance(given, str) else given or [])]
    if "runs" not in adapt and not set(named) <= {"lora", "probe", "ridge"}:
        adapt["runs"] = [{"name": name, "kind": "probe"} for name in dict.fromkeys(named)]
    return adapt
