"""Pictures of pages, to be looked at: ``python -m tests.browser.shoot <out> <page.html>...``.

Each page at 1400 and 390 px, light and dark, in full length; and as it prints on A4.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import browser


def shoot(out: Path, pages: list[Path]) -> None:
    """Write ``<page>_<width>_<scheme>.png`` and ``<page>.pdf`` into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        instance = driver.chromium.launch(executable_path=browser.chromium())
        for width in (1400, 390):
            for scheme in ("light", "dark"):
                context = instance.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
                page = context.new_page()
                for path in pages:
                    page.goto(path.resolve().as_uri())
                    page.screenshot(path=out / f"{path.stem}_{width}_{scheme}.png", full_page=True)
                    if (width, scheme) == (1400, "light"):
                        (out / f"{path.stem}.pdf").write_bytes(page.pdf(**browser.A4))
                context.close()
        instance.close()


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
