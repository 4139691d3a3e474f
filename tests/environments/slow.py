"""Both branches on the smallest worlds, each rule in an environment of only what its yaml names (`make test-envs`).

The environments are venvs that the stand-in conda makes from the lock's versions. They are kept in .snakemake/stand-in,
and made again when a yaml or the lock changes. Not part of `make test`: it takes minutes.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from presage.provenance import SCRIPTS, file_hash, import_closure
from presage.supply.environments import ENVS, LOCK, ROOT
from tests.imports import imported
from tests.running import MICRO, command
from tests.unit.test_environments import NAMES, ONLY_IN, RULES

STAND_IN = ROOT / "tests" / "stand_in" / "bin"
KEPT = ROOT / ".snakemake" / "stand-in" / file_hash(LOCK)[:12]


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Something with the stand-in conda on the PATH; standard error goes to ``stdout`` too."""
    path = f"{STAND_IN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        arguments, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """What a run of both branches said, and where its results are."""
    results = tmp_path_factory.mktemp("isolated")
    conda = ("--sdm", "conda", "--conda-prefix", str(KEPT))
    return run(*command(MICRO, results, "--cores", "2", *conda)), results / "micro"


def test_every_rule_runs_in_its_own_environment(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    said, results = done
    assert said.returncode == 0, said.stdout[-5000:]
    assert (results / "summary.json").exists() and (results / "index.html").exists()
    activated = set(re.findall(r"Activating conda environment: \S*/(\w+)$", said.stdout, re.M))
    named = {re.search(r"^# (.*)", text)[1]: name for name, text in _made().items() if name in activated}  # type: ignore[index]
    expected = {path.read_text().splitlines()[0][2:] for path in ENVS.glob("*.yaml") if path.stem != "enformer"}
    assert set(named) == expected


def _made() -> dict[str, str]:
    """The yaml of each environment that is there, by the name of its folder."""
    return {path.stem: path.read_text() for path in KEPT.glob("*.yaml")}


@pytest.mark.parametrize("env", NAMES)
def test_all_that_its_rules_can_import_can_be_imported(env: str) -> None:
    """Also what the smallest worlds never come to: each module of ours that a rule of the environment can reach, and
    each package that these name, inside functions too."""
    prefix = KEPT / env
    if not (prefix / "bin" / "python").exists():
        made = run("conda", "env", "create", "--file", str(ENVS / f"{env}.yaml"), "--prefix", str(prefix))
        assert made.returncode == 0, made.stdout
    scripts = {SCRIPTS / script for environments, script in RULES.values() if env in environments}
    modules = {module for script in scripts for module in import_closure(script)} - scripts
    ours = {".".join(path.relative_to(SCRIPTS).with_suffix("").parts) for path in modules if path.suffix == ".py"}
    theirs = {name.split(".")[0] for module in modules for name in imported(module)} - {"presage", "snakemake"}
    absent = {name.replace("-", "_") for name, only in ONLY_IN.items() if only != env}
    code = "; ".join(f"import {name.removesuffix('.__init__')}" for name in sorted(ours | theirs - absent))
    found = run(str(prefix / "bin" / "python"), "-c", code, cwd=SCRIPTS)
    assert found.returncode == 0, found.stdout[-3000:]


def test_what_an_environment_lacks_is_not_found_elsewhere(tmp_path: Path) -> None:
    """Without this the others prove nothing: packages of the environment that runs Snakemake must not leak in."""
    text = re.sub(r"^ +- pyarrow=.*\n", "", (ENVS / "tables.yaml").read_text(), flags=re.M)
    (tmp_path / "poor.yaml").write_text(text)
    (tmp_path / "Snakefile").write_text(
        'rule all:\n    output:\n        "done",\n    conda:\n        "poor.yaml"\n    script:\n        "reads.py"\n'
    )
    (tmp_path / "reads.py").write_text(
        f"import sys\n\nsys.path.insert(0, {str(ROOT / 'scripts')!r})\n"
        "from presage.entry import main\n\n\ndef run(job):\n    import presage.tables\n\n\nmain(run, snakemake)\n"
    )
    said = run(*command(None, tmp_path, "--cores", "1", "--sdm", "conda", "--conda-prefix", str(KEPT)), cwd=tmp_path)
    assert said.returncode != 0
    assert "No module named 'pyarrow'" in said.stdout
