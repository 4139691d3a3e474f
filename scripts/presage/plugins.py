"""Plugins: Python files of your own that add to presage's registries, named under ``plugins`` in the configuration.

A plugin says what it adds in one literal, ``PROVIDES = {kind: {name: facts}}``, and has a function or class of each
name. The literal is read without running the file, so that the configuration can be checked before any job; the file
itself is imported by the jobs that use its kind. docs/extend.md shows one plugin of each kind. Standard library only.
"""

import ast
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from presage.errors import UserError

REGISTRIES = {
    "adapter": "sequence/adapters",
    "detector": "homecage/detectors/judge",
    "feature": "homecage/features/minutes",
    "pose": "homecage/pose_files/readers",
    "score": "sequence/variants/scores",
    "sensor": "homecage/readings/importers",
    "trunk": "sequence/training/trunk_step",
}
"""Kinds of plugins, and the module or room whose choice they add to: whatever can import it depends on the plugin.

Paths, not names of modules: those would make all of them part of whatever imports this file.
"""


class Plugin(NamedTuple):
    """A plugin's file, and the facts of each thing that it provides, by kind and name."""

    path: Path
    provides: dict[str, dict[str, dict[str, Any]]]


_used: list[Plugin] = []


def use(paths: Iterable[str]) -> None:
    """Make these files the plugins of this process, in place of those before.

    Raises :class:`UserError` for a file that is missing, cannot be read, or does not say what it provides.
    """
    _used[:] = [Plugin(Path(path).absolute(), _provides(Path(path))) for path in paths]
    names = [(kind, name) for one in _used for kind, found in one.provides.items() for name in found]
    for kind, name in names:
        if names.count((kind, name)) > 1:
            raise UserError("config key plugins", f"{kind} {name} is provided twice", "rename one of them")


def in_use() -> tuple[Path, ...]:
    """The files of the plugins of this process."""
    return tuple(plugin.path for plugin in _used)


def provided(kind: str) -> dict[str, dict[str, Any]]:
    """What the plugins provide of a kind, by name: their facts, without importing anything."""
    return {name: facts for plugin in _used for name, facts in plugin.provides.get(kind, {}).items()}


def added(kind: str) -> dict[str, Any]:
    """What the plugins provide of a kind, by name: the functions or classes themselves.

    Raises :class:`UserError` for a file that cannot be imported, or lacks what it says it provides.
    """
    found = {}
    for plugin in _used:
        for name in plugin.provides.get(kind, {}):
            module = _imported(plugin.path)
            if not hasattr(module, name):
                raise UserError(plugin.path, f"provides {kind} {name} but has none", f"write {name} in it")
            found[name] = getattr(module, name)
    return found


def files(modules: Iterable[Path]) -> list[Path]:
    """The plugins that add to any of these modules of the library."""
    library = Path(__file__).resolve().parent
    stems = {path.parent if path.name == "__init__.py" else path.with_suffix("") for path in modules}
    reached = {kind for kind, place in REGISTRIES.items() if library / place in stems}
    return [plugin.path for plugin in _used if reached & set(plugin.provides)]


def one_of(kind: str, *built_in: str) -> Callable[[str], str]:
    """Check of a configuration key: a name that presage has, or one that a plugin provides."""

    def check(name: str) -> str:
        known = [*built_in, *provided(kind)]
        if name not in known:
            raise ValueError(f"{name!r} is none of {', '.join(known)}")
        return name

    return check


def _provides(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        [literal] = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["PROVIDES"]
        ]
        found = ast.literal_eval(literal)
        named = [(kind, name, facts) for kind, each in found.items() for name, facts in each.items()]
    except OSError:
        raise UserError(path, "is no file that can be read", "correct the config key plugins") from None
    except SyntaxError as error:
        raise UserError(f"{path} line {error.lineno}", f"is no Python ({error.msg})", "correct it") from None
    except (ValueError, AttributeError, UnicodeDecodeError):
        todo = "write PROVIDES = {kind: {name: {}}} (docs/extend.md)"
        raise UserError(path, "does not say in a literal what it provides", todo) from None
    for kind, name, facts in named:
        if kind not in REGISTRIES:
            raise UserError(path, f"provides a {kind!r}, which is no kind of plugin", f"use {', '.join(REGISTRIES)}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not isinstance(facts, dict):
            raise UserError(path, f"{kind} {name!r}: needs a name of small letters, and facts in {{}}", "correct it")
    return found


@cache
def _imported(path: Path) -> Any:
    name = f"presage_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(path, f"cannot be imported ({type(error).__name__}: {error})", "correct the plugin") from error
    return module
