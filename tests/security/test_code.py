"""What the code may not do at all, looked up in its syntax: run text, unpickle, hand names to a shell, go online."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.running import ROOT

FILES = sorted([*(ROOT / "scripts").rglob("*.py"), *(ROOT / "workflow").rglob("*.py")])
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]
NEVER = {
    "eval": "runs text",
    "exec": "runs text",
    "compile": "runs text",
    "__import__": "runs text",
    "os.system": "hands text to a shell",
    "os.popen": "hands text to a shell",
    "pickle.load": "unpickles",
    "pickle.loads": "unpickles",
    "pickle.Unpickler": "unpickles",
    "joblib.load": "unpickles",
    "dill.load": "unpickles",
    "pd.read_pickle": "unpickles",
    "yaml.load": "builds objects: use yaml.safe_load",
    "yaml.unsafe_load": "builds objects",
    "yaml.full_load": "builds objects",
    "pd.read_hdf": "unpickles: use hdf_tables.read_table",
    "pd.HDFStore": "unpickles: use hdf_tables.read_table",
    "shutil.unpack_archive": "extracts outside the folder",
    "tarfile.open": "extracts outside the folder",
    "zipfile.ZipFile": "extracts outside the folder",
}
ALLOWED = {
    ("hdf_tables.py", "pd.HDFStore"): "the one place, after PyTables' unpickler was replaced",
    ("hdf_tables.py", "pickle.Unpickler"): "the replacement, which knows plain data only",
}
ONLINE = {"urllib.request", "requests", "httpx", "aiohttp", "socket", "ftplib", "huggingface_hub"}
MAY_ASK = {"data_registry.py": "the registry", "hub.py": "trunk.repository", "ranks.py": "loopback"}


def name_of(node: ast.expr) -> str:
    """``a.b.c`` of a call's function."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def faults(source: str, file: str) -> Iterator[str]:
    """What a file does that none may."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                if any(name == bad or name.startswith(f"{bad}.") for bad in ONLINE) and file not in MAY_ASK:
                    yield f"line {node.lineno}: imports {name}"
        if isinstance(node, ast.ClassDef):
            used = [name_of(base) for base in node.bases]
        elif isinstance(node, ast.Call):
            used = [name_of(node.func)]
            given = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if used[0].endswith("torch.load") and given.get("weights_only") != "True":
                yield f"line {node.lineno}: torch.load without weights_only=True"
            if used[0] in ("np.load", "numpy.load") and given.get("allow_pickle", "False") != "False":
                yield f"line {node.lineno}: np.load of pickles"
            if "shell" in given and given["shell"] != "False":
                yield f"line {node.lineno}: {used[0]} through a shell"
        else:
            continue
        for name in used:
            if name in NEVER and (file, name) not in ALLOWED:
                yield f"line {node.lineno}: {name} {NEVER[name]}"


def test_no_file_does_what_none_may() -> None:
    found = {path: list(faults(path.read_text(encoding="utf-8"), path.name)) for path in FILES}
    assert len(FILES) > 300 and {path: list_ for path, list_ in found.items() if list_} == {}


@pytest.mark.parametrize(
    "line",
    [
        "eval(x)", "os.system(x)", "subprocess.run(x, shell=True)", "subprocess.run(x, shell=flag)", "yaml.load(x)",
        "torch.load(x)", "torch.load(x, weights_only=False)", "np.load(x, allow_pickle=True)", "pickle.loads(x)",
        "class U(pickle.Unpickler): pass", "pd.read_hdf(x)", "import requests", "from urllib.request import urlopen",
        "tarfile.open(x)",
    ],
)  # fmt: skip
def test_what_none_may_is_seen(line: str) -> None:
    assert list(faults(line, "some.py"))


def test_no_rule_has_a_shell_command() -> None:
    """Then no name from a sheet can reach one. Scripts get names as data."""
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^\s*(shell|run|wrapper|cwl|notebook)\s*:", text, re.MULTILINE) == [], path
        assert not re.search(r"\b(eval|exec|os\.system|subprocess)\b", text), path


def test_templates_escape_all_but_what_presage_made_itself() -> None:
    """``|safe`` is for data: URLs that the page itself has encoded, and for a box of numbers that it has formatted."""
    allowed = {"f.source|safe", "f.numbers|safe", "umap|safe", "box|safe"}
    for path in (ROOT / "scripts").rglob("*.html"):
        found = set(re.findall(r"[\w.]+\|safe", path.read_text(encoding="utf-8")))
        assert found <= allowed, (path, found - allowed)
