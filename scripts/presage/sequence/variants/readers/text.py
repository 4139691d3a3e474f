"""Variant files opened: plain, gzip or bgzip, with everything that is wrong with them told in one line."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from presage.errors import UserError

_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_NAME = re.compile(r"[!-:<-~]{1,200}")  # what prints, without blanks and semicolons
_POSITION = re.compile(r"-?[0-9]{1,18}")


@contextmanager
def opened(path: str | Path) -> Iterator[BinaryIO]:
    """A file's bytes, unzipped where they are zipped. Problems of reading are raised as :class:`UserError`."""
    try:
        with Path(path).open("rb") as raw:
            head = raw.read(18)
            if head[12:14] == b"BC":  # bgzip: a cut between two blocks shows only in the missing last block
                raw.seek(-min(28, raw.seek(0, 2)), 2)
                if raw.read() != _BGZF_EOF:
                    raise EOFError("the closing block of bgzip is missing")
            raw.seek(0)
            if head[:2] == b"\x1f\x8b":
                with gzip.open(raw) as unzipped:
                    yield cast(BinaryIO, unzipped)
            else:
                yield raw
    except FileNotFoundError:
        raise UserError(path, "does not exist", "correct the path of the variant set") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(path, f"is damaged or truncated ({error})", "copy it again") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None


def numbered(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, each with its number from 1; any line ends, a byte order mark is left out.

    Bytes that are no UTF-8 are replaced: old headers hold names in other encodings, and nothing here reads them.
    Raises :class:`UserError` when the file is missing, damaged or empty.
    """
    number = 0
    with opened(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            yield number, line
    if not number:
        raise UserError(path, "is empty", "give a file of variants")


def named(text: str) -> str:
    """What a file calls a variant, such as an rs number; nothing for a dot, or for what may stand in no VCF."""
    text = text.strip()
    return text if text != "." and _NAME.fullmatch(text) else ""


def position(text: str) -> int | None:
    """A 1-based position as a 0-based one, negative where the file has 0 or less; None for what is no integer."""
    text = text.strip()
    return int(text) - 1 if _POSITION.fullmatch(text) else None


def spelled(alt: str) -> str:
    """ALT in capitals if it is bases; symbolic alleles and breakends name things whose case counts."""
    return alt.upper() if alt.isalpha() else alt
