"""What a module imports, read from its text: for tests of environments, licences and the direction of imports."""

import ast
import sys
from functools import cache
from pathlib import Path

from presage.supply.environments import distribution


@cache
def imported(module: Path, at_import: bool = False) -> frozenset[str]:
    """Dotted names that a Python file imports, those of ``from`` too; ``at_import``: not what functions import."""
    names: set[str] = set()
    todo: list[ast.AST] = [ast.parse(module.read_text())] if module.suffix == ".py" else []
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        later = at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not later and not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            todo.extend(ast.iter_child_nodes(node))
    return frozenset(names)


def packages(module: Path, at_import: bool = False) -> frozenset[str]:
    """PyPI names of the packages of others that a Python file imports."""
    tops = {name.split(".")[0] for name in imported(module, at_import)}
    return frozenset(distribution(top) for top in tops - sys.stdlib_module_names - {"presage", "snakemake"})
