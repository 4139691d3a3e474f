"""Recordings found by how their files are named: ``videos/{cage}/{start:%Y-%m-%d}/{start:%Y-%m-%dT%H}.mp4``.

Light on purpose (standard library only): the Snakefile asks here. The folders are walked once, without opening a file.
"""

import os
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from presage.errors import UserError
from presage.sheets import VIDEO, Segment, finished_pose

_FIELD = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_DIGITS = {"Y": r"\d{4}", "m": r"\d{2}", "d": r"\d{2}", "H": r"\d{2}", "M": r"\d{2}", "S": r"\d{2}", "f": r"\d{1,6}"}
_KEY = "config key homecage.segments"


class Found(NamedTuple):
    """The recordings, sorted by path, and recordings under the same folder whose names do not fit."""

    segments: list[Segment]
    unmatched: list[str]


def is_pattern(text: str) -> bool:
    """Whether ``homecage.segments`` is a pattern and no sheet."""
    return bool(_FIELD.search(text))


def find(pattern: str) -> Found:
    """All files that fit ``pattern``.

    ``{cage}`` is the cage; every ``{start:FORMAT}`` is a part of the start, in strptime's codes Y m d H M S f, and all
    of them together are the start; any other ``{name}`` stands for anything within a folder's or file's name.

    Raises :class:`UserError` for a pattern without cage or start, one with a code that is not known, a folder that is
    not there, and where no file fits.
    """
    expression, codes = _compile(pattern)
    root = _root(pattern)
    if not root.is_dir():
        raise UserError(_KEY, f"folder {root} does not exist", "correct the part of the pattern before the first {")
    segments, unmatched, shown = [], [], VIDEO + finished_pose()
    for path in _files(str(root)):
        match = expression.fullmatch(path)
        if match:
            try:
                start = _start(tuple(match[f"start{i}"] for i in range(len(codes))), codes)
            except ValueError as error:
                raise UserError(path, str(error), "rename it") from None
            segments.append(Segment(sys.intern(match["cage"]), start, path))
        elif path.lower().endswith(shown):
            unmatched.append(path)
    if not segments:
        seen = f", e.g. {unmatched[0]}" if unmatched else ""
        raise UserError(_KEY, f"no file under {root} fits {pattern} ({len(unmatched)} others{seen})", "correct it")
    return Found(sorted(segments, key=lambda row: row.path), sorted(unmatched))


def _compile(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A regular expression with groups ``cage`` and ``start0``, ``start1``, ..., and the format of each start."""
    names = [name for name, _ in _FIELD.findall(pattern)]
    for needed in ("cage", "start"):
        if needed not in names:
            raise UserError(_KEY, f"{pattern} has no {{{needed}}}", "e.g. videos/{cage}/{start:%Y-%m-%dT%H}.mp4")
    codes: list[str] = []
    out, at, seen = "", 0, set()
    for field in _FIELD.finditer(pattern):
        out += re.escape(pattern[at : field.start()])
        at, name, code = field.end(), field[1], field[2]
        if name == "start":
            out += f"(?P<start{len(codes)}>{_digits(pattern, code or '')})"
            codes.append(code or "")
        elif name == "cage" and "cage" in seen:
            out += "(?P=cage)"  # the same cage, wherever the pattern names it
        else:
            out += "(?P<cage>[^/]+)" if name == "cage" else "[^/]*"
        seen.add(name)
    if not {"Y", "m", "d"} <= {letter for code in codes for letter in re.split(r"%(.)", code)[1::2]}:
        raise UserError(_KEY, "the pattern gives no year, month and day", "name them with %Y, %m, %d")
    return re.compile(out + re.escape(pattern[at:])), tuple(codes)


def _digits(pattern: str, code: str) -> str:
    """A start's format as a regular expression."""
    parts = re.split(r"%(.)", code)
    unknown = [letter for letter in parts[1::2] if letter not in _DIGITS]
    if unknown or len(parts) == 1:
        what = f"code %{unknown[0]} of {pattern} is not known" if unknown else f"{{start}} of {pattern} has no format"
        raise UserError(_KEY, what, f"write it with {', '.join(f'%{one}' for one in _DIGITS)}")
    return "".join(_DIGITS[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))


def _root(pattern: str) -> Path:
    """The folder before the first field."""
    return Path(f"{pattern[: pattern.index('{')]}x").parent


def _files(folder: str) -> Iterator[str]:
    """All files below a folder, as the pattern spells them; hidden ones are left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = entry.name if folder == "." else f"{folder}/{entry.name}"
            if entry.is_dir():
                yield from _files(path)
            else:
                yield path


@cache  # the cages of a colony share their hours
def _start(texts: tuple[str, ...], codes: tuple[str, ...]) -> str:
    """ISO 8601. Raises ``ValueError`` for no date, and where a unit is named twice and the two differ."""
    known: dict[str, str] = {}
    for text, code in zip(texts, codes):
        parts = re.split(r"%(.)", code)
        inner = "".join(f"({_DIGITS[part]})" if k % 2 else re.escape(part) for k, part in enumerate(parts))
        values = re.fullmatch(inner, text)
        assert values is not None  # the whole pattern has matched with the same expressions
        for letter, value in zip(parts[1::2], values.groups()):
            if known.setdefault(letter, value) != value:
                raise ValueError(f"says {known[letter]} and {value} for %{letter}")
    text = " ".join(known.values())
    try:
        return datetime.strptime(text, " ".join(f"%{letter}" for letter in known)).isoformat()
    except ValueError:
        raise ValueError(f"{text} is no date and time") from None
