"""Pieces of Markdown that the pages share."""

from collections.abc import Iterable, Sequence


def page(title: str, intro: str, *parts: str) -> str:
    """A page that says where it comes from, as every generated page does."""
    origin = "<!-- Generated from the code by `make reference`: do not edit. -->"
    return "\n\n".join([f"# {title}", origin, intro.strip(), *(part.strip() for part in parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text cells. Pipes and line breaks in cells are made harmless."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str) -> str:
    """Inline code; nothing for empty text."""
    return f"`{text}`" if text else ""


def one_line(text: str | None) -> str:
    """Text on one line."""
    return " ".join((text or "").split())


def summary(text: str | None) -> str:
    """The first paragraph of a docstring, on one line, with reST roles and double backticks as plain Markdown."""
    first = (text or "").strip().split("\n\n")[0]
    return _plain(one_line(first))


def prose(text: str | None) -> str:
    """A whole docstring as Markdown, paragraph by paragraph."""
    return "\n\n".join(_plain(one_line(part)) for part in (text or "").strip().split("\n\n"))


def _plain(text: str) -> str:
    pieces = text.split(":`")
    out = pieces[0]
    for piece in pieces[1:]:  # `:role:`~module.name`` becomes `name`
        before, _, _ = out.rpartition(":")
        name, _, rest = piece.partition("`")
        out = f"{before}`{name.removeprefix('~')}`{rest}"
    return out.replace("``", "`")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in cells) + " |"
