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
PAGES = "sequence_evaluation_page sequence_pseudobulk_page sequence_variants_page homecage_morning index"
DRAWN = """sequence_history sequence_figures sequence_pseudobulk_page sequence_evaluation_page homecage_figures
homecage_morning summary"""  # in envs/report.yaml, whose every byte counts: Snakemake hashes the file
EVALUATED = "sequence_evaluate_tracks sequence_evaluate_variants sequence_generalise_one"
REPORTS = f"{PAGES} sequence_figures homecage_figures"
SENSOR = {"name": "scale", "kind": "readings", "path": str(MICRO)}  # a plan does not open it

# A key -> another value, and the rules that it is a setting of. Besides, config.yaml is of everything (summary).
CONFIG: dict[str, tuple[Any, str]] = {
    "seed": (2, EVERYTHING),
    "torch_threads": (1, "sequence_trunk homecage_pose_train"),
    "gpus": (0, ""),
    "report.title": ("Another", REPORTS),
    "cost.gpus": (["T4"], ""),
    "sequence.world.cells": (61, "genome_world"),
    "sequence.reference.max_n": (0.4, "sequence_reference"),
    "sequence.pseudobulk.min_mapq": (20, "sequence_pseudobulk_part"),
    "sequence.pseudobulk.min_cells": (4, "sequence_pseudobulk sequence_generalise_split"),  # reads no sample again
    "sequence.cluster.genes": (1000, ""),
    "sequence.trunk.training.epochs": (2, "sequence_trunk"),
    "sequence.trunk.windows": (str(ROOT / "pyproject.toml"), "sequence_leakage"),  # any file: the audit alone reads it
    "sequence.adapt.training.lr": (0.001, "sequence_adapt sequence_generalise_adapt"),
    "sequence.cells.epochs": (2, "sequence_cells sequence_generalise_cells"),
    "sequence.variants.rc": (False, "sequence_variants_part sequence_variants_cells"),
    "sequence.variants.level": (0.8, "sequence_variants"),  # gathers again, predicts nothing again
    "sequence.variants.cells": (4, "sequence_variants sequence_variants_cells"),
    "sequence.variants.max_length": (500, "sequence_sites"),
    "sequence.ism.batch_size": (8, "sequence_ism"),
    "sequence.ism.picture.cell_types": (3, "sequence_ism_picture"),
    "sequence.evaluate.bootstrap": (200, EVALUATED),
    "sequence.generalise.donors": ([], "sequence_generalise"),
    "homecage.world.days": (27, "vivarium_world"),
    "homecage.recording.on_bad_segment": ("count", ""),  # only a job that stops would ask
    "homecage.pose.epochs": (3, "homecage_pose_train"),
    "homecage.pose.imported_likelihood_cut": (0.5, "homecage_pose"),
    "homecage.pose.filters.min_parts": (3, "homecage_features"),
    "homecage.pose.faults.size": (0.3, "homecage_quality"),
    "homecage.features.sleep_s": (50, "homecage_features"),
    "homecage.readings.sources": ([SENSOR], "homecage_readings"),
    "homecage.detector.baseline_days": (6, "homecage_distress"),
    "homecage.compare.detectors": (["rules"], "homecage_evaluate"),
    "homecage.alarms.bootstrap": (200, "homecage_distress"),
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
    "the memory that a rule asks for": ("workflow/rules/homecage/pose.smk", edited("memory(8000)", "memory(9000)"), ""),
    "a template": (f"{LIBRARY}/report/templates/morning.html", more("<p>"), "homecage_morning"),
    "an environment": ("envs/report.yaml", more("  - cowpy"), DRAWN),
    "a comment in an environment": ("envs/report.yaml", more("# why"), DRAWN),
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


def with_value(config: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """``config`` with another value of a key in a section of a section."""
    first, _, rest = key.partition(".")
    return {**config, first: with_value(config.get(first) or {}, rest, value) if rest else value}


def test_a_finished_run_has_nothing_to_do(finished: Finished) -> None:
    assert finished.plan(MICRO) == set()
    assert len(finished.follow) > 40


@pytest.mark.parametrize("key", CONFIG)
def test_a_setting_reruns_what_it_is_a_setting_of(finished: Finished, key: str, tmp_path: Path) -> None:
    value, rules = CONFIG[key]
    config = tmp_path / "micro.yaml"
    config.write_text(yaml.safe_dump(with_value(yaml.safe_load(MICRO.read_text()), key, value)))
    assert finished.plan(config) == finished.downstream(f"{rules} summary")


@pytest.mark.parametrize("case", FILES)
def test_a_file_reruns_what_is_made_from_it(finished: Finished, case: str) -> None:
    name, how, rules = FILES[case]
    path = finished.results / "micro" / name.removeprefix("run/") if name.startswith("run/") else None
    with change(path or finished.repository / name, how):
        assert finished.plan(MICRO) == finished.downstream(rules)
