"""Change one operator or number of a formula at a time, and see whether a test fails: what survives, no test looks at.

``make mutants`` (python -m tests.mutation.run --modules policy). Cosmic Ray makes the mutants; each runs
in a fork that has the libraries loaded, and imports the mutant in place of the module, so no file is changed. A mutant
that does what the original does stands in ``equivalent.yaml`` with the reason. Exits with 1 when another one survives.
"""

import argparse
import ast
import contextlib
import difflib
import importlib
import importlib.machinery
import importlib.util
import multiprocessing
import os
import re
import resource
import sys
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest
import yaml
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from parso.tree import NodeOrLeaf

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SEQUENCE, HOMECAGE = "tests/unit/sequence", "tests/unit/homecage"
# Each module, and what pytest is to run: its tests, without those that take seconds.
MODULES = {
    "presage.sequence.evaluation.correlation": [f"{SEQUENCE}/evaluation/test_correlation.py", "-k", "not covers"],
    "presage.sequence.evaluation.classification": [f"{SEQUENCE}/evaluation/test_classification.py", "-k", "not covers"],
    "presage.sequence.evaluation.estimates": [f"{SEQUENCE}/evaluation/test_estimates.py"],
    "presage.sequence.evaluation.metrics": [f"{SEQUENCE}/evaluation/test_metrics.py"],
    "presage.sequence.variants.alleles": [f"{SEQUENCE}/variants/test_alleles.py"],
    "presage.homecage.alarms.policy": [f"{HOMECAGE}/alarms/test_policy.py"],
    "presage.homecage.evaluation.lead_time": [f"{HOMECAGE}/evaluation/test_lead_time.py"],
}
# The nearest neighbours of what is written: the other sign, the limit itself in or out, the condition turned round.
OPERATORS = re.compile(
    r"core/(ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|Pow_Mul|Mod_Mul|FloorDiv_Mul|BitOr_BitAnd|BitAnd_BitOr)"
    r"|ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Lt_GtE|LtE_Gt|Gt_LtE|GtE_Lt|Is_IsNot|IsNot_Is)"
    r"|ReplaceUnaryOperator_Delete_(USub|Invert|Not)|AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr"
    r"|ReplaceOrWithAnd|ReplaceBreakWithContinue|ReplaceContinueWithBreak|NumberReplacer|ZeroIterationForLoop)"
)
LIBRARIES = (
    "pandas",
    "pyarrow.parquet",
    "pydantic",
    "scipy.stats",
    "sklearn.metrics",
    "zarr",
)  # loaded once, for all forks
CPU_SECONDS = 20  # of a mutant; tests take at most 5, and a loop without end is killed

# The same examples each time, and a failing one is not made smaller.
hypothesis.settings.register_profile(
    "mutants", derandomize=True, database=None, deadline=None, phases=[hypothesis.Phase.generate]
)


class Mutant(NamedTuple):
    """A changed source, and the lines (stripped) that differ."""

    source: str
    before: str
    after: str


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module that Python can read, each once."""
    nodes = list(ast_nodes(get_ast(source)))
    found = {ast.dump(ast.parse(source)): Mutant(source, "", "")}
    for name in filter(OPERATORS.fullmatch, operator_names()):
        operator = get_operator(name)()
        places = [node for node in nodes for _ in operator.mutation_positions(node)]
        for occurrence, node in enumerate(places):
            if not _declares(node):
                changed = mutate_code(source, operator, occurrence)
                with contextlib.suppress(SyntaxError):
                    found.setdefault(ast.dump(ast.parse(changed)), Mutant(changed, *_difference(source, changed)))
    return list(found.values())[1:]


def _declares(node: NodeOrLeaf) -> bool:
    """Whether ``node`` is part of a type or a decorator, or the star of a signature."""
    while (parent := node.parent) is not None:
        match parent.type:
            case "tfpdef" | "decorator":
                return True
            case "annassign" if node is parent.children[1]:
                return True
            case "funcdef" if node is parent.annotation:
                return True
            case "parameters" if node.type != "param":
                return True
        node = parent
    return False


def _difference(source: str, changed: str) -> tuple[str, str]:
    """The lines that went and that came, joined and stripped."""
    lines = list(difflib.ndiff(source.splitlines(), changed.splitlines()))
    return tuple(" ".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in "-+")


class _Instead(importlib.machinery.SourceFileLoader):
    """Finds and loads one module, from another source."""

    source: str

    def find_spec(self, name: str, path: object = None, target: object = None):
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str):
        return compile(self.source, self.path, "exec")


def _fork(name: str, path: Path, source: str, tests: list[str]) -> None:
    """In a process of its own: import ``source`` as module ``name``, run ``tests``, exit as pytest does."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    finder = _Instead(name, str(path))
    finder.source = source
    sys.meta_path.insert(0, finder)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1), os.dup2(nowhere.fileno(), 2)
        options = ["-x", "-q", "--no-header", "--tb=no", "-W", "ignore", "--hypothesis-profile=mutants"]
        os._exit(int(pytest.main([*options, *tests])))


def survives(name: str, path: Path, source: str, tests: list[str]) -> bool:
    """Whether all ``tests`` pass with ``source`` as module ``name``."""
    process = multiprocessing.get_context("fork").Process(target=_fork, args=(name, path, source, tests))
    process.start()
    process.join()
    return process.exitcode == 0


def judge(name: str, tests: list[str], equivalent: list[dict[str, str]]) -> tuple[str, list[str]]:
    """A module's row of the table, and what is to be looked at: survivors, and ``equivalent`` ones that are none."""
    path = ROOT / "scripts" / f"{name.replace('.', '/')}.py"
    source = path.read_text()
    if not survives(name, path, source, tests):
        sys.exit(f"error: {' '.join(tests)} fail without a change; mend them first")
    every = mutants(source)
    alive = [mutant[1:] for mutant in every if survives(name, path, mutant.source, tests)]
    known = [(one["before"], one["after"]) for one in equivalent]
    new, gone = [one for one in alive if one not in known], [one for one in known if one not in alive]
    numbers = (len(every), len(every) - len(alive), len(alive) - len(new), len(new))
    told = [f"{name}: survived\n    - {before}\n    + {after}" for before, after in new]
    told += [f"{name}: equivalent, but killed or gone\n    - {before}\n    + {after}" for before, after in gone]
    return f"| `{name.removeprefix('presage.')}` | " + " | ".join(map(str, numbers)) + " |", told


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", nargs="*", help="parts of their names; none: all")
    asked = parser.parse_args()
    equivalent = yaml.safe_load((HERE / "equivalent.yaml").read_text())
    for library in LIBRARIES:
        importlib.import_module(library)
    os.chdir(ROOT)
    print("| module | mutants | killed | equivalent | survived |\n" + "|---" * 5 + "|", flush=True)
    left: list[str] = []
    for name, tests in MODULES.items():
        if not asked.modules or any(part in name for part in asked.modules):
            row, told = judge(name, tests, equivalent.get(name, []))
            print(row, flush=True)
            left += told
    print("\n".join(left))
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
