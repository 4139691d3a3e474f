"""What a visitor of the repository meets beside the documentation is whole: citation, change log, forms, catalogue."""

import re
import tomllib

import pytest
import yaml

from tests.running import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == VERSION and {"cff-version", "message", "title", "authors"} <= set(citation)
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[1] == VERSION  # type: ignore[index]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_issue_forms_have_what_github_asks_for(form) -> None:
    given = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(given)
    for field in given["body"]:
        assert field["type"] == "markdown" or (field["id"] and field["attributes"]["label"])


def test_the_catalogue_knows_how_software_comes() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] and usage["report"] is True
