"""The conda environments name the versions that requirements.lock pins; Enformer's own packages are apart."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCK = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ \\;]+)", (ROOT / "requirements.lock").read_text(), re.M))
CALLED = {"pytorch-gpu": "torch"}


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.stem)
def test_versions_are_those_of_the_lock(path):
    wanted = {}
    for entry in yaml.safe_load(path.read_text())["dependencies"]:
        if isinstance(entry, str) and not entry.startswith(("python=", "pip")):
            name, _, version = entry.partition("=")
            name = CALLED.get(name, name).replace("_", "-").lower()
            wanted[name] = version.strip("=").split("=")[0]
        elif isinstance(entry, dict) and path.stem != "enformer":  # whose own packages want other versions
            wanted |= {line.split("==")[0]: line.split("==")[1] for line in entry["pip"]}
    assert wanted
    assert {name: LOCK.get(name) for name in wanted} == wanted
