"""Motifs, and the minimal MEME format that they are written in."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from presage.errors import UserError


class Motif(NamedTuple):
    """A motif as base probabilities, float64 ``[width, 4]``, columns A C G T."""

    name: str
    probabilities: np.ndarray


def read_meme(path: str | Path) -> list[Motif]:
    """Motifs of a file in the minimal MEME format, in its order, rows scaled to a sum of 1.

    Raises :class:`UserError` naming the line for a file that is none, and for a matrix that is not of w rows of four.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(path, f"cannot be read as MEME motifs ({error})", "correct sequence.ism.motifs") from None
    if not any(line.startswith("MEME version") for line in lines):
        raise UserError(path, "is not in MEME format (no line begins with 'MEME version')", "convert it")
    found, name = [], ""
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if fields[:1] == ["MOTIF"] and len(fields) > 1:
            name = fields[1]
        elif line.startswith("letter-probability matrix"):
            found.append(Motif(name, _matrix(path, number, line, lines)))
    if not found:
        raise UserError(path, "has no letter-probability matrix", "give motifs in MEME format")
    return found


def _matrix(path: str | Path, number: int, header: str, lines: list[str]) -> np.ndarray:
    """The rows after line ``number`` (from 1): w of them, or up to the first that is none."""
    words = header.replace("=", "= ").split()
    given = words[words.index("w=") + 1 :][:1] if "w=" in words else []
    width = int(given[0]) if given and given[0].isdecimal() else -1 if given else None
    rows: list[list[float]] = []
    for line in lines[number:]:
        try:
            row = [float(field) for field in line.split()]
        except ValueError:
            break
        if not row and not rows:
            continue
        if not row or len(rows) == width:
            break
        rows.append(row)
    matrix = np.array(rows) if rows and all(len(row) == 4 for row in rows) else np.zeros((0, 4))
    if not len(matrix) or width not in (None, len(matrix)) or (matrix < 0).any() or (matrix.sum(1) <= 0).any():
        raise UserError(f"{path} line {number}", "is not followed by w rows of four probabilities", "repair the file")
    return matrix / matrix.sum(axis=1, keepdims=True)


def meme_lines(motifs: Iterable[Motif], background: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)) -> list[str]:
    """Motifs in the minimal MEME format; ``background``: frequencies of A C G T."""
    shown = " ".join(f"{letter} {share:g}" for letter, share in zip("ACGT", background))
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", "", "Background letter frequencies", shown]
    for motif in motifs:
        lines += ["", f"MOTIF {motif.name}", f"letter-probability matrix: alength= 4 w= {len(motif.probabilities)}"]
        lines += [" ".join(f"{p:.6f}" for p in row) for row in motif.probabilities]
    return lines
