"""The configuration: generated files do not drift, shipped configs are valid, mistakes are named."""

import re
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
        ({"samples": "s.tsv"}, "samples", "is not known; did you mean sequence.samples"),
        ({"sequence": {"world": {}, "fasta": "g.fa"}}, "sequence.fasta", "did you mean sequence.reference.fasta?"),
        ({"sequence": {"world": {}, "gpus": 1}}, "sequence.gpus", "did you mean gpus at the top level"),
        ({"null_set": "n.vcf"}, "null_set", "did you mean sequence.variants.sets.<name>.null_set?"),
        ({"seeds": [1, 2]}, "seeds", "did you mean 'seed' or sequence.adapt.seeds"),
        ({"( variants": {}}, "( variants", "config/config.yaml lists every key"),
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


@pytest.mark.parametrize(
    ("region", "where", "said"),
    [
        ({"chrom": "1"}, ".start", "field required"),
        ({"chrom": "1", "start": 4, "end": 3}, "", "end 3 is not after start 4"),
        ({"chrom": "1", "start": -4, "end": 3}, ".start", "greater than or equal to 0"),
        ({"gene": "TERT", "upstream": -1}, ".upstream", "greater than or equal to 0"),
        ({"gene": "TERT", "up": 3}, ".up", "is not known"),
        ({"variant": "1:3:A"}, ".variant", "must be chrom:pos:ref:alt with pos 1-based"),
        ({"variant": "1:3:A:C", "flnk": 2}, ".flnk", "is not known"),
        (5, "", "valid dictionary"),
    ],
)
def test_mistakes_in_a_region_are_named_by_its_form(region: object, where: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load({"sequence": {"world": {}, "ism": {"regions": {"r": region}}}}, DEMO)
    assert str(caught.value).startswith(f"config key sequence.ism.regions.r{where}: ")
    assert said in str(caught.value)


def test_a_regions_name_holds_no_dot() -> None:
    """Its files are told apart by what follows the first one."""
    interval = {"chrom": "1", "start": 4, "end": 9}
    with pytest.raises(UserError, match="string should match pattern"):
        load({"sequence": {"world": {}, "ism": {"regions": {"r.a": interval}}}}, DEMO)


def test_a_region_keeps_its_form_as_a_plain_dictionary() -> None:
    given = {"a": {"gene": "TERT"}, "b": {"variant": "1:3:A:C", "flank": 3}, "c": {"chrom": "1", "start": 4, "end": 9}}
    whole = load({"sequence": {"world": {}, "ism": {"regions": given}}}, DEMO)
    again = Config.model_validate(whole.model_dump(mode="json"))
    assert again == whole
    assert [region.length for region in again.sequence.ism.regions.values()] == [600, 7, 5]


def test_the_decoder_names_an_adapter_of_the_run():
    with pytest.raises(ValidationError, match=r"cells.adapter 'lorra' is none of adapt.runs: lora, probe, ridge"):
        Config.model_validate({"sequence": {"world": {}, "cells": {"adapter": "lorra"}}})


def test_real_at_full_length_differs_only_in_length():
    short, full = (yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("real", "real_full"))
    for config in (short, full):
        del config["run"], config["sequence"]["adapt"]["runs"], config["homecage"]["pose"]["epochs"]
        for key in ("backbone", "input_width"):
            config["homecage"]["pose"].pop(key, None)
    for key in ("backgrounds", "most"):
        del short["sequence"]["mpra"][key]
    for key in ("seeds", "cached_trunk"):
        del full["sequence"]["adapt"][key]
    del full["torch_threads"]
    assert short == full


def test_the_paper_names_where_every_file_comes_from() -> None:
    """config/paper.yaml is not run in tests; it must be valid, and each of its files must be listed with a licence."""
    config = Config.model_validate(yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    assert config.sequence is not None
    assert len(config.sequence.adapt.runs) == len({run.name for run in config.sequence.adapt.runs}) == 16
    listed = (ROOT / "config/paper/data.tsv").read_text()
    sheet = (ROOT / "config/paper/samples.tsv").read_text()
    used = set(re.findall(r"(?:data/paper/[\w.]+|registry:[\w./]+)", (ROOT / "config/paper.yaml").read_text() + sheet))
    assert len(used) >= 6 and all(name in listed for name in used)
    assert all(len(line.split("\t")) == 5 and all(line.split("\t")[:3]) for line in listed.splitlines())


def test_a_clock_that_yaml_takes_for_a_number_is_read_as_a_clock():
    homecage = yaml.safe_load("segments: s.tsv\nrecording: {lights_on: 06:30, lights_off: 19:00}")
    assert homecage["recording"]["lights_off"] == 1140  # sixty times nineteen, to YAML 1.1
    recording = Config.model_validate({"homecage": homecage}).homecage.recording
    assert (recording.lights_on, recording.lights_off) == ("06:30", "19:00")
    with pytest.raises(ValidationError, match="lights_on"):
        Config.model_validate({"homecage": {"segments": "s.tsv", "recording": {"lights_on": True}}})
