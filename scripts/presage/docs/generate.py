"""Write ``docs/reference/`` from the code. Run ``make reference``; a test fails while page and code differ."""

from collections.abc import Callable
from pathlib import Path

from presage.docs.config_page import config_page
from presage.docs.features_page import features_page
from presage.docs.rules_page import rules_page
from presage.docs.scores_page import scores_page
from presage.docs.tables_page import tables_page

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "config": config_page,
    "tables": tables_page,
    "rules": rules_page,
    "scores": scores_page,
    "features": features_page,
}
"""What makes each page, by its name."""


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / f"{name}.md").write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
