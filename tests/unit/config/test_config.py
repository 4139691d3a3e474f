"""The configuration: generated files do not drift, shipped configs are valid, mistakes are named."""

from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from presage.config import generate
from presage.config.adapt import Adapt
from presage.config.load import load
from presage.config.root import Config, built_in
from presage.config.training import Training
from presage.config.trunk import Trunk
from presage.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "config" / "demo.yaml"
SHIPPED = sorted((ROOT / "config").glob("*.yaml"))


def test_generated_files_do_not_drift() -> None:
    assert generate.CONFIG_YAML.read_text() == generate.config_yaml(), "run `make config`"
    assert generate.SCHEMA_JSON.read_text() == generate.schema_json(), "run `make config`"


def test_generated_yaml_is_the_built_in_configuration() -> None:
    assert Config.model_validate(yaml.safe_load(generate.config_yaml())) == built_in()


def test_every_key_of_the_generated_yaml_has_a_comment() -> None:
    lines = generate.config_yaml().splitlines()
    bare = [b for a, b in pairwise(lines) if b.strip() and not b.strip().startswith("#") and "#" not in a]
    assert not bare


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_configs_are_valid(path: Path) -> None:
    given = yaml.safe_load(path.read_text())
    if path.name == "real_full.yaml":  # an overlay on real.yaml
        given = merge(yaml.safe_load((ROOT / "config" / "real.yaml").read_text()), given)
    load(given, DEMO)
    jsonschema.validate(given, Config.model_json_schema())


def merge(base: dict, over: dict) -> dict:
    """As Snakemake merges several --configfile: dictionaries deeply, everything else replaced."""
    both = {k: merge(base[k], v) for k, v in over.items() if isinstance(v, dict) and isinstance(base.get(k), dict)}
    return {**base, **over, **both}


def test_nothing_given_is_the_demo() -> None:
    demo = load({}, DEMO)
    assert demo == Config.model_validate(yaml.safe_load(DEMO.read_text()))
    worlds = [(c.sequence.world, c.homecage.world) for c in (demo, built_in())]
    assert worlds[0] == worlds[1]
    assert load({"seed": 5}, DEMO).seed == 5


@pytest.mark.parametrize("branch", ["sequence", "homecage"])
def test_either_branch_alone_is_valid(branch: str) -> None:
    config = load({branch: {"world": {}}}, DEMO)
    other = {"sequence": "homecage", "homecage": "sequence"}[branch]
    assert getattr(config, branch) is not None
    assert getattr(config, other) is None


@pytest.mark.parametrize(
    ("given", "where", "said"),
    [
        ({"sequence": {"world": {}, "pseudobluk": {}}}, "sequence.pseudobluk", "did you mean 'pseudobulk'"),
        ({"sed": 3}, "sed", "did you mean 'seed'"),
        ({"seed": "many"}, "seed", "valid integer"),
        ({"sequence": {"world": {}, "pseudobulk": {"min_cells": 0}}}, "sequence.pseudobulk.min_cells", "greater than"),
        (
            {"sequence": {"world": {}, "variants": {"matched_null": {"tss_bins": [100, 100]}}}},
            "sequence.variants.matched_null",
            "tss_bins must rise",
        ),
        ({"sequence": {}}, "sequence", "give samples"),
        ({"homecage": {}}, "homecage", "give segments"),
        ({"run": "a/b"}, "run", "pattern"),
        ({"homecage": {"world": {}, "recording": {"time_zone": "Mars"}}}, "homecage.recording.time_zone", "IANA"),
    ],
)
def test_mistakes_are_named_in_one_line(given: dict, where: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(given, DEMO)
    message = str(caught.value)
    assert message.startswith(f"config key {where}:")
    assert said in message
    assert "\n" not in message


def test_a_block_given_in_part_keeps_the_shown_defaults():
    shown = Adapt().training
    assert shown != Training()  # or nothing is tested
    assert Adapt(training={"epochs": 3}).training == shown.model_copy(update={"epochs": 3})
    whole = Config.model_validate({"sequence": {"world": {}, "trunk": {"training": {"epochs": 3}}}})
    assert whole.sequence.trunk.training == Trunk().training.model_copy(update={"epochs": 3})
    assert Adapt(training=Training()).training == Training()


def test_the_decoder_names_an_adapter_of_the_run():
    with pytest.raises(ValidationError, match=r"cells.adapter 'lorra' is none of adapt.runs: lora, probe, ridge"):
        Config.model_validate({"sequence": {"world": {}, "cells": {"adapter": "lorra"}}})


def test_real_at_full_length_differs_only_in_length():
    short, full = (yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("real", "real_full"))
    for config in (short, full):
        del config["run"], config["sequence"]["adapt"]["runs"], config["homecage"]["pose"]["epochs"]
    for key in ("seeds", "cached_trunk"):
        del full["sequence"]["adapt"][key]
    del full["torch_threads"]
    assert short == full


def test_a_null_set_needs_no_quotes():
    """YAML reads the key as nothing."""
    given = yaml.safe_load("sequence: {world: {}, variants: {sets: {s: {vcf: a.vcf, null: matched}, t: {null: null}}}}")
    sets = load(given, DEMO).sequence.variants.sets
    assert (sets["s"].null, sets["t"].null) == ("matched", None)
