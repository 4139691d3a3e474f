"""The chain of trust from a rule's script to conda: each environment is written as conda reads it, holds what its rules
import, and names the versions that the lock pins."""

import re

import pytest
import yaml

from presage.provenance import SCRIPTS, import_closure
from presage.supply.environments import ENVS, ROOT, asked, locked
from tests.imports import packages

NAMES = sorted(path.stem for path in ENVS.glob("*.yaml"))
PACKAGES = {name: asked((ENVS / f"{name}.yaml").read_text()) for name in NAMES}
OWN_VERSIONS = {"enformer": {"enformer-pytorch", "huggingface-hub", "tokenizers", "transformers"}}  # not as locked
ONLY_IN = {"enformer-pytorch": "enformer"}  # imported where Enformer's published weights are read, nowhere else
UNNAMED = {"tokenizers", "transformers"}  # of enformer-pytorch
IMPLIED = {"pd.HDFStore": "tables", "pd.read_hdf": "tables"}  # what pandas imports when it is asked for it


def rules() -> dict[str, tuple[set[str], str]]:
    """Environments and script of each rule that runs something."""
    found = {}
    for file in sorted((ROOT / "workflow" / "rules").rglob("*.smk")):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text(), re.M | re.S):
            [where] = re.findall(r'conda:\s+f?"([^\n]+)"\n', body)
            [script] = re.findall(r'script:\s+"[./]*scripts/(\w+\.py)"', body)
            found[name] = ({env for env in NAMES if re.search(rf"\b{env}\b", where)}, script)
    return found


RULES = rules()


def needed(rule: str) -> set[str]:
    """What the script of a rule and all that it can import need."""
    modules = import_closure(SCRIPTS / RULES[rule][1])
    implied = {name for call, name in IMPLIED.items() if any(call in module.read_text() for module in modules)}
    return implied | {name for module in modules for name in packages(module)}


def test_every_rule_was_found() -> None:
    files = {path.name for path in SCRIPTS.glob("*.py")}
    assert {script for _, script in RULES.values()} == files
    assert all(environments for environments, _ in RULES.values())
    assert {env for environments, _ in RULES.values() for env in environments} == set(NAMES)


@pytest.mark.parametrize("rule", RULES)
def test_an_environment_holds_all_that_its_rules_import(rule: str) -> None:
    for env in RULES[rule][0]:
        elsewhere = {name for name, only in ONLY_IN.items() if only != env}
        assert needed(rule) - set(PACKAGES[env]) - elsewhere == set()


@pytest.mark.parametrize("env", NAMES)
def test_an_environment_asks_for_nothing_that_no_rule_of_it_imports(env: str) -> None:
    used = {name for rule, (environments, _) in RULES.items() if env in environments for name in needed(rule)}
    assert set(PACKAGES[env]) - used - UNNAMED == set()


@pytest.mark.parametrize("env", NAMES)
def test_versions_are_those_of_the_lock(env: str) -> None:
    lock = {name: pin.split(" ;")[0] for name, pin in locked().items()}
    same = {name: version for name, version in PACKAGES[env].items() if name not in OWN_VERSIONS.get(env, ())}
    assert same
    assert {name: lock.get(name) for name in same} == same


@pytest.mark.parametrize("env", NAMES)
def test_an_environment_is_written_so_that_conda_can_solve_it(env: str) -> None:
    """Each line is a MatchSpec with its minor version, from channels in the order that strict priority asks for."""
    text = yaml.safe_load((ENVS / f"{env}.yaml").read_text())
    assert text["channels"] == ["conda-forge", "bioconda", "nodefaults"]
    python, *conda = [line for line in text["dependencies"] if isinstance(line, str)]
    pypi = [line for part in text["dependencies"] if isinstance(part, dict) for line in part["pip"]]
    assert python == "python=3.11"
    assert ("pip" in conda) == bool(pypi)
    conda = [line for line in conda if line != "pip"]
    assert [line for line in conda if not re.fullmatch(r"[a-z0-9_-]+=\d+(\.\d+)+", line)] == []
    assert [line for line in pypi if not re.fullmatch(r"[a-z0-9-]+==\d+(\.\d+)+", line)] == []
    assert len(PACKAGES[env]) == len(conda) + len(pypi)


@pytest.mark.parametrize("env", NAMES)
def test_pytorch_is_asked_for_in_its_cuda_build(env: str) -> None:
    """A login node without a GPU would otherwise solve to the CPU build for the whole cluster."""
    asks = (ENVS / f"{env}.yaml").read_text()
    assert ("torch" in PACKAGES[env]) == ("- pytorch-gpu=" in asks)
    assert "- torch=" not in asks and "- pytorch=" not in asks


def test_deeplabcut_is_in_the_pose_environment_alone() -> None:
    assert [env for env in NAMES if "deeplabcut" in PACKAGES[env]] == ["pose"]
    assert {"snakemake", "scanpy"} & set(PACKAGES["pose"]) == set()
