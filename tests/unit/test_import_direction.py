"""Imports run downward: report -> {sequence, homecage} -> {tables, config}; no circles; the Snakefile's are light."""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from presage.provenance import SCRIPTS
from tests.imports import imported

LIBRARY = SCRIPTS / "presage"
MAY_IMPORT = {
    "config": set(),
    "tables": set(),
    "sequence": {"config", "tables", "study", "worlds"},
    "homecage": {"config", "tables"},
    "worlds": {"config", "tables", "sequence"},
    "study": {"config", "sequence", "homecage"},
    "report": {"config", "tables", "sequence", "homecage"},
    "docs": {"config", "tables", "sequence", "homecage", "study"},
    "supply": set(),
}
"""Rooms by what they may import, beside the small modules that lie in none of them."""
LIGHT_ONLY = {
    "study": {
        "homecage/recordings/clock.py",
        "homecage/pose/body_parts.py",
        "sequence/reference/assemblies.py",
    },
    "worlds": {"sequence/mutagenesis/meme.py"},
}
"""Of the branches, what the rooms beside them may import: facts that both sides need."""


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def modules(path: Path) -> dict[str, Path]:
    """Modules of the library that a file of it imports, inside functions too, by dotted name.

    ``from room import module`` imports the module; that its room's ``__init__`` runs before it is nobody's circle.
    """
    found = {}
    for name in sorted(name for name in imported(path) if name.startswith("presage.")):
        stem = SCRIPTS.joinpath(*name.split("."))
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.is_file() and file != path:
                found[name] = file
    within = {name for name, file in found.items() if file.name == "__init__.py" and file.parent in path.parents}
    return {name: file for name, file in found.items() if name not in within}


FILES = sorted(LIBRARY.rglob("*.py"))
GRAPH = {path: modules(path) for path in FILES}


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_room_imports_downward_only(name: str) -> None:
    own = {path: found for path, found in GRAPH.items() if room(path) == name}
    assert own
    above = [
        f"{path.relative_to(LIBRARY)} imports {module}"
        for path, found in own.items()
        for module, file in found.items()
        if room(file) in set(MAY_IMPORT) - MAY_IMPORT[name] - {name}
    ]
    assert above == []


def test_what_lies_in_no_room_imports_no_room_but_config() -> None:
    found = {(room(path), room(file)) for path, each in GRAPH.items() for file in each.values()}
    upward = {(one, other) for one, other in found if one not in MAY_IMPORT and other in MAY_IMPORT}
    assert upward <= {("entry", "config"), ("data_registry", "config")}


@pytest.mark.parametrize("name", LIGHT_ONLY)
def test_rooms_beside_the_branches_import_facts_of_theirs_only(name: str) -> None:
    used = {file for path, found in GRAPH.items() if room(path) == name for file in found.values()}
    facts = {file for file in used if room(file) in ("sequence", "homecage") and file.name != "__init__.py"}
    assert {str(file.relative_to(LIBRARY)) for file in facts} == LIGHT_ONLY[name]


def test_there_is_no_circle() -> None:
    """Raises ``CycleError``, which names the modules of the circle."""
    order = list(TopologicalSorter({path: set(found.values()) for path, found in GRAPH.items()}).static_order())
    assert set(order) == set(FILES)


@pytest.mark.parametrize("branch", ["sequence", "homecage"])
def test_the_rooms_of_a_branch_have_an_order(branch: str) -> None:
    """No circle of rooms. What lies in the branch beside its rooms (loading a model, counting it) is nobody's room."""

    def inner(path: Path) -> str:
        parts = path.relative_to(LIBRARY).parts
        return parts[1] if parts[0] == branch and len(parts) > 2 else ""

    rooms: dict[str, set[str]] = {}
    for path, found in GRAPH.items():
        if inner(path):
            rooms.setdefault(inner(path), set()).update({inner(other) for other in found.values()} - {"", inner(path)})
    assert len(rooms) >= 7
    assert set(TopologicalSorter(rooms).static_order()) == set(rooms)


def test_what_the_snakefile_imports_is_light() -> None:
    """The imports of workflow/*.smk and the Snakefile, in a fresh Python: no numbers, no networks, no tables."""
    root = SCRIPTS.parent
    texts = [path.read_text() for path in [root / "Snakefile", *sorted((root / "workflow").rglob("*.smk"))]]
    lines = {
        line for text in texts for line in text.splitlines() if line.startswith(("from presage", "import presage"))
    }
    assert len(lines) > 5
    heavy = (
        "{'numpy', 'pandas', 'pyarrow', 'torch', 'scipy', 'sklearn', 'anndata', 'zarr', 'pysam', 'cv2', 'matplotlib'}"
    )
    code = "\n".join([*sorted(lines), f"import sys; print(sorted({heavy} & set(sys.modules)))"])
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
