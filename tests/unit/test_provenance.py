"""Code hashes: a comment or docstring changes nothing, a statement changes exactly what imports it."""

from pathlib import Path

import pytest

from presage import provenance


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "presage"
    package.mkdir()
    (package / "__init__.py").write_text('"""Doc."""\n')
    (package / "used.py").write_text('"""Doc."""\n\n\ndef f(x):\n    """Doc."""\n    return x + 1  # why\n')
    (package / "unused.py").write_text("Y = 1\n")
    (tmp_path / "rule.py").write_text("def run(job):\n    from presage.used import f\n\n    return f(1)\n")
    monkeypatch.setattr(provenance, "SCRIPTS", tmp_path)
    return tmp_path


def code_hash() -> str:
    """As in a new process."""
    provenance._fingerprint.cache_clear()
    provenance._closure_hash.cache_clear()
    return provenance.closure_hash("rule.py")


def test_closure_follows_imports_inside_functions(library: Path) -> None:
    names = {p.name for p in provenance.import_closure(library / "rule.py")}
    assert names == {"rule.py", "used.py", "__init__.py"}


def test_only_statements_of_the_closure_count(library: Path) -> None:
    before = code_hash()
    used = library / "presage" / "used.py"
    used.write_text(used.read_text().replace("# why", "# because").replace('    """Doc."""', '    """Other."""'))
    (library / "presage" / "unused.py").write_text("Y = 2\n")
    assert code_hash() == before
    used.write_text(used.read_text().replace("x + 1", "x + 2"))
    assert code_hash() != before


def test_content_hash_ignores_the_order_of_keys() -> None:
    assert provenance.content_hash({"a": 1, "b": 2}) == provenance.content_hash({"b": 2, "a": 1})
    assert provenance.content_hash({"a": 1}) != provenance.content_hash({"a": 2})


def test_every_script_has_a_closure() -> None:
    scripts = sorted(provenance.SCRIPTS.glob("*.py"))
    assert scripts
    assert len({provenance.closure_hash(s) for s in scripts}) == len(scripts)


def test_a_template_belongs_to_the_module_that_names_it(library: Path) -> None:
    used, folder = library / "presage" / "used.py", library / "presage" / "templates"
    folder.mkdir()
    (folder / "page.html").write_text('{% extends "base.html" %}\n{% include "look.css" %}\n<p>Hello</p>\n')
    (folder / "base.html").write_text("<html>{% block body %}{% endblock %}</html>\n")
    (folder / "look.css").write_text("p { color: red }\n")
    (folder / "other.html").write_text("<p>nobody's</p>\n")
    used.write_text('PAGE = "page.html"\n\n\ndef f(x):\n    return x\n')
    provenance._fingerprint.cache_clear()
    names = {p.name for p in provenance.import_closure(library / "rule.py")}
    assert names == {"rule.py", "used.py", "__init__.py", "page.html", "base.html", "look.css"}
    before = code_hash()
    (folder / "other.html").write_text("<p>changed</p>\n")
    assert code_hash() == before
    (folder / "look.css").write_text("p { color: blue }\n")
    assert code_hash() != before


def test_a_module_that_a_registry_names_belongs_to_the_code(library: Path) -> None:
    """It is imported by that name when it is used: no import statement shows it."""
    used = library / "presage" / "used.py"
    used.write_text('KINDS = {"other": ("presage.unused", "Y"), "none": "presage.none"}\n\n\ndef f(x):\n    return x\n')
    before = code_hash()
    (library / "presage" / "unused.py").write_text("Y = 2\n")
    assert code_hash() != before


def test_the_pose_step_knows_its_engines() -> None:
    provenance._fingerprint.cache_clear()
    names = {p.name for p in provenance.import_closure(provenance.SCRIPTS / "homecage_pose.py")}
    assert {"dlc.py", "superanimal.py"} <= names


def test_every_template_of_the_report_belongs_to_a_page() -> None:
    """None is left behind by the rule above."""
    provenance._fingerprint.cache_clear()
    report = provenance.SCRIPTS / "presage" / "report"
    modules = [p for module in report.rglob("*.py") for p in provenance.import_closure(module)]
    assert {p for p in modules if p.parent.name == "templates"} == set((report / "templates").iterdir())
