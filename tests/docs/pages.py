"""The pages of the documentation, and the fenced blocks on them.

A fence says what it is and, where a reader saves it, its name: ``bash``, ``yaml study.yaml``, ``tsv cages.tsv``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.running import ROOT

_FENCE = re.compile(r"^( *)```(\S*)[ ]*(\S*)\n(.*?)^\1```$", re.M | re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block: where it begins, its language, the file that it is saved as (or nothing), and its text."""

    page: Path
    line: int
    language: str
    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its lines as commands, continued ones joined, without comments and empty ones."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pages() -> list[Path]:
    """README, the contributing guide and everything under docs."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(page, text.count("\n", 0, m.start()) + 1, m[2], m[3], m[4]) for m in _FENCE.finditer(text)]


def without_fences(page: Path) -> str:
    """The page's text with its fenced blocks taken out."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))
