"""The reference part of the documentation is what the code says today."""

import inspect

import pytest

from presage import tables
from presage.config.root import built_in
from presage.docs import features_page, rules_page
from presage.docs.generate import FOLDER, PAGES
from presage.docs.markdown import summary, table
from presage.homecage.features import minutes as features


@pytest.mark.parametrize("name", PAGES)
def test_pages_do_not_drift(name: str) -> None:
    assert (FOLDER / f"{name}.md").read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"


def test_no_page_is_left_of_something_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)


def test_every_key_and_column_is_told() -> None:
    page = PAGES["config"]()

    def keys(value: object, path: str) -> list[str]:
        if not isinstance(value, dict) or path.endswith((".squash", ".zones", ".sets", ".regions")):
            return [path] if path else []
        return [key for name, inner in value.items() for key in keys(inner, f"{path}.{name}".lstrip("."))]

    # Words that stand for themselves (names of events, of assays) are values of a mapping, not keys.
    missing = [key for key in keys(built_in().model_dump(), "") if f"| `{key}` |" not in page]
    assert all(f"| `{key.rpartition('.')[0]}` | mapping" in page for key in missing), missing
    told = PAGES["tables"]()
    assert [c for schema in tables.SCHEMAS.values() for c in schema.names if f"| `{c}` |" not in told] == []


def test_every_rule_is_told_with_what_it_leaves() -> None:
    page = PAGES["rules"]()
    for path in rules_page.rule_files():
        for rule in rules_page.rules_of(path.read_text()):
            assert f"### {rule.name}\n" in page
            assert "script" not in rule.directives or {"conda", "message"} <= set(rule.directives)
    assert "* **leaves** `weights`: `<run>/sequence/trunk/trunk.safetensors`; `card`: " in page


def test_every_camera_feature_is_told() -> None:
    told = {**features_page.BY, **features_page.TOLD}
    assert set(features.UNITS) == {name for name in told if not name.startswith("<zone>")}
    assert all(inspect.getdoc(function) for function in features_page.BY.values())


def test_docstrings_become_markdown() -> None:
    assert summary("Mean of :func:`~a.b` over ``x``\nand y.\n\nMore.") == "Mean of `a.b` over `x` and y."
    assert table(("a",), [("1|2",)]).splitlines() == ["| a |", "| --- |", "| 1\\|2 |"]
