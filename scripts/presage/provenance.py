"""What a result was made from: hashes of code, settings and inputs, so that a rerun is neither missed nor wasted.

The code hash of a rule covers its script and every ``presage`` module that the script can import, with docstrings and
comments stripped: editing a comment reruns nothing, editing a formula reruns exactly the rules that use it. What a
module names in a string belongs to it too: modules of a registry (``"presage.room.module"``), and templates (files of a
folder ``templates`` beside it or its room) with what those include. A plugin belongs to whatever can import the
registry that it adds to.
"""

import ast
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from presage import plugins

SCRIPTS = Path(__file__).resolve().parents[1]
TEMPLATES = "templates"


def closure_hash(script: str | Path) -> str:
    """Hash (12 hex digits) of ``script`` (a path, or a name under ``scripts/``) with its import closure."""
    path = Path(script)
    return _closure_hash(path if path.is_absolute() else SCRIPTS / path, plugins.in_use())


@cache  # a colony of cages plans thousands of jobs of one script
def _closure_hash(path: Path, in_use: tuple[Path, ...]) -> str:
    modules = import_closure(path)
    for plugin in plugins.files(modules):
        modules |= import_closure(plugin)
    return _digest(sorted(_fingerprint(p)[0] for p in modules))


def import_closure(path: Path) -> set[Path]:
    """``path`` and every module of the library that it imports, directly or not (imports inside functions too)."""
    todo, seen = [path], set()
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo.extend(_fingerprint(module)[1])
    return seen


def content_hash(data: Any) -> str:
    """Hash of anything that JSON can say (keys sorted; paths and dates as text): 12 hex digits."""
    return _digest([json.dumps(data, sort_keys=True, default=str)])


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in full."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _digest(parts: Any) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() + b"\0")
    return total.hexdigest()[:12]


@cache
def _fingerprint(path: Path) -> tuple[str, tuple[Path, ...]]:
    """Hash of the module's code without docstrings, and the library modules and templates that it names."""
    if path.parent.name == TEMPLATES:
        text = path.read_text(encoding="utf-8")
        names = re.findall(r"""{%-? *(?:extends|include|import|from) +["']([\w.-]+)["']""", text)
        return _digest([text]), tuple(sorted(path.parent / name for name in names if (path.parent / name).is_file()))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports: set[Path] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imports.update(_library_files(alias.name, ()))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.update(_library_files(node.module, tuple(a.name for a in node.names)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            imports.update(_named_files(node.value, path.parent))
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0] = ast.Pass()
    return _digest([ast.dump(tree)]), tuple(sorted(imports))


def _named_files(text: str, folder: Path) -> set[Path]:
    """Files that a string names: a module that a registry imports when it is used, or a template."""
    if re.fullmatch(r"presage(\.\w+)+", text):
        return _library_files(text, ())
    if not re.fullmatch(r"[\w-]+\.html", text):
        return set()
    beside = (folder / TEMPLATES / text, folder.parent / TEMPLATES / text)
    return {template for template in beside if template.is_file()}


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _library_files(module: str, names: tuple[str, ...]) -> set[Path]:
    """Files behind ``from module import names``: packages on the way, the module, and names that are modules."""
    if module.split(".")[0] != "presage":
        return set()
    parts = module.split(".")
    candidates = [SCRIPTS.joinpath(*parts[: i + 1]) for i in range(len(parts))]
    candidates += [candidates[-1] / name for name in names]
    files = set()
    for stem in candidates:
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.is_file():
                files.add(file)
    return files
