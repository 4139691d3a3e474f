"""What reruns when something changes: for each change the rules that it touches, and after them all that follow.

One run of the micro worlds stands in for a finished one: every output is an empty file in its place, and Snakemake's
memory of it is real (``--touch``). Each case changes one thing in a copy of the repository, plans, and takes it back.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.planning import plan
from tests.running import MICRO, ROOT, finish, planned, snakemake

CONDA = ROOT / "tests/slurm/stand_in/linked_env/bin"  # environments are planned as conda would have them
EVERYTHING = "genome_world vivarium_world"
SENSOR = {"name": "scale", "kind": "readings", "path": str(MICRO)}  # a plan does not open it

# A part of the configuration -> rules that it is a setting of. Besides, config.yaml is of everything (summary).
CONFIG: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"seed": 2}, EVERYTHING),
    "torch_threads": ({"torch_threads": 1}, "sequence_trunk homecage_pose_train"),
    "gpus": ({"gpus": 0}, ""),
    "report": ({"report": {"title": "Another"}}, "sequence_figures homecage_figures homecage_morning index"),
    "cost": ({"cost": {"gpus": ["T4"]}}, ""),
    "sequence.world": ({"sequence": {"world": {"cells": 61}}}, "genome_world"),
    "sequence.reference": ({"sequence": {"reference": {"max_n": 0.4}}}, "sequence_reference"),
    "sequence.pseudobulk, reading": ({"sequence": {"pseudobulk": {"min_mapq": 20}}}, "sequence_pseudobulk_part"),
    "sequence.pseudobulk, pooling": ({"sequence": {"pseudobulk": {"min_cells": 4}}}, "sequence_pseudobulk"),
    "sequence.cluster": ({"sequence": {"cluster": {"genes": 1000}}}, ""),
    "sequence.trunk": ({"sequence": {"trunk": {"training": {"epochs": 2}}}}, "sequence_trunk"),
    "sequence.adapt": ({"sequence": {"adapt": {"training": {"lr": 0.001}}}}, "sequence_adapt"),
    "sequence.cells": ({"sequence": {"cells": {"epochs": 2}}}, "sequence_cells"),
    "sequence.variants": ({"sequence": {"variants": {"level": 0.8}}}, "sequence_variants_part"),
    "sequence.variants, sites": ({"sequence": {"variants": {"max_length": 500}}}, "sequence_sites"),
    "sequence.ism": ({"sequence": {"ism": {"batch_size": 8}}}, "sequence_ism"),
    "sequence.ism, picture": ({"sequence": {"ism": {"picture": {"cell_types": 3}}}}, "sequence_ism_picture"),
    "sequence.evaluate": ({"sequence": {"evaluate": {"bootstrap": 200}}}, "sequence_evaluate_tracks"),
    "sequence.generalise": ({"sequence": {"generalise": {"donors": []}}}, "sequence_generalise"),
    "homecage.world": ({"homecage": {"world": {"days": 27}}}, "vivarium_world"),
    "homecage.recording": ({"homecage": {"recording": {"on_bad_segment": "count"}}}, "homecage_segments"),
    "homecage.pose, training": ({"homecage": {"pose": {"epochs": 3}}}, "homecage_pose_train"),
    "homecage.pose, inference": ({"homecage": {"pose": {"imported_likelihood_cut": 0.5}}}, "homecage_pose"),
    "homecage.pose.filters": ({"homecage": {"pose": {"filters": {"min_parts": 3}}}}, "homecage_features"),
    "homecage.pose.faults": ({"homecage": {"pose": {"faults": {"size": 0.3}}}}, "homecage_quality"),
    "homecage.features": ({"homecage": {"features": {"sleep_s": 50}}}, "homecage_features"),
    "homecage.readings": ({"homecage": {"readings": {"sources": [SENSOR]}}}, "homecage_readings"),
    "homecage.detector": ({"homecage": {"detector": {"baseline_days": 6}}}, "homecage_distress"),
    "homecage.compare": ({"homecage": {"compare": {"detectors": ["rules"]}}}, "homecage_evaluate"),
    "homecage.alarms": ({"homecage": {"alarms": {"bootstrap": 200}}}, "homecage_distress"),
}


def edited(old: str, new: str) -> Callable[[str], str]:
    """A change of a text that must be there."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def more(line: str) -> Callable[[str], str]:
    """A text with one more line."""
    return lambda text: f"{text}\n{line}\n"


def same(text: str) -> str:
    """The same bytes, written again: what a git checkout there and back does."""
    return text


LIBRARY = "scripts/presage"
# A file -> what is done to it -> rules that it touches. Names below "run" are files of the run itself.
FILES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "an input": ("run/worlds/vivarium/events.tsv", more("x"), "homecage_distress"),
    "an input, written again": ("run/worlds/vivarium/events.tsv", same, ""),
    "a module of one step": (f"{LIBRARY}/homecage/pose/training.py", more("X = 1"), "homecage_pose_train"),
    "a module of many": (f"{LIBRARY}/entry.py", more("X = 1"), EVERYTHING),
    "a module of no rule of this run": (f"{LIBRARY}/sequence/cost/text.py", more("X = 1"), ""),
    "a comment in a module": (f"{LIBRARY}/entry.py", more("# why"), ""),
    "a docstring in a module": (f"{LIBRARY}/entry.py", edited('"""The one', '"""Still the one'), ""),
    "a script": ("scripts/homecage_quality.py", more("X = 1"), "homecage_quality"),
    "a script, written again": ("scripts/homecage_pose_train.py", same, ""),
    "a comment in a rule": ("workflow/rules/homecage/pose.smk", more("# why"), ""),
    "the memory that a rule asks for": ("workflow/rules/homecage/pose.smk", edited("mem_mb=8000", "mem_mb=9000"), ""),
    "a template": (f"{LIBRARY}/report/templates/index.html", more("<p>"), "index"),
    "an environment": ("envs/report.yaml", more("  - cowpy"), "sequence_history sequence_figures"),
    "a comment in an environment": ("envs/report.yaml", more("# why"), ""),
}


@dataclass
class Finished:
    """A finished run: the copy of the repository that made it, its results, and which rules follow which."""

    repository: Path
    results: Path
    follow: dict[str, set[str]]

    def plan(self, config: Path) -> set[str]:
        """Rules that would run."""
        where = ("--directory", str(self.results.parent), "--sdm", "conda")
        return set(planned(plan(config, self.results, *where, root=self.repository)))

    def downstream(self, rules: str) -> set[str]:
        """``rules`` and all that follow them."""
        found, todo = set(), set(rules.split())
        while todo:
            rule = todo.pop()
            found.add(rule)
            todo |= self.follow[rule] - found
        return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    place = tmp_path_factory.mktemp("finished")
    repository, results = place / "repository", place / "results"
    for name in ("workflow", "scripts", "config", "envs", "profiles", "resources"):
        shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("public", "__pycache__"))
    shutil.copy2(ROOT / "Snakefile", repository)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{CONDA}{os.pathsep}{os.environ['PATH']}")
        finish(MICRO, results, "--sdm", "conda", root=repository)
        drawn = snakemake(MICRO, results, "--directory", str(place), "--rulegraph", root=repository).stdout
        names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)', drawn, re.M))
        follow: dict[str, set[str]] = {name: set() for name in names.values()}
        for before, after in re.findall(r"^\s*(\d+) -> (\d+)", drawn, re.M):
            follow[names[before]].add(names[after])
        yield Finished(repository, results, follow)


@contextmanager
def change(path: Path, how: Callable[[str], str]) -> Iterator[None]:
    """Change a text file; afterwards it is as it was, its time included."""
    was, time = path.read_text(), path.stat()
    path.write_text(how(was))
    try:
        yield
    finally:
        path.write_text(was)
        os.utime(path, ns=(time.st_atime_ns, time.st_mtime_ns))


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """``below`` with the values of ``above``."""
    inner = {key: merged(below.get(key) or {}, value) for key, value in above.items() if isinstance(value, dict)}
    return {**below, **above, **inner}


def test_a_finished_run_has_nothing_to_do(finished: Finished) -> None:
    assert finished.plan(MICRO) == set()
    assert len(finished.follow) > 40


@pytest.mark.parametrize("section", CONFIG)
def test_a_setting_reruns_what_it_is_a_setting_of(finished: Finished, section: str, tmp_path: Path) -> None:
    override, rules = CONFIG[section]
    config = tmp_path / "micro.yaml"
    config.write_text(yaml.safe_dump(merged(yaml.safe_load(MICRO.read_text()), override)))
    assert finished.plan(config) == finished.downstream(f"{rules} summary")


@pytest.mark.parametrize("case", FILES)
def test_a_file_reruns_what_is_made_from_it(finished: Finished, case: str) -> None:
    name, how, rules = FILES[case]
    path = finished.results / "micro" / name.removeprefix("run/") if name.startswith("run/") else None
    with change(path or finished.repository / name, how):
        assert finished.plan(MICRO) == finished.downstream(rules)
