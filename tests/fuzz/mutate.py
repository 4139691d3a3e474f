"""Changes of a file's bytes: what a bad copy, another program or a tired person does to it.

A mutation is plain data, so that hypothesis can shrink it, a seed can repeat it, and a process can be sent it.
"""

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

NUMBERS = [b"", b"0", b"-1", b"1e309", b"nan", b"inf", b"0.5", b"2147483648", b"99999999999999999999", b"1_0", b"0x10"]
WORDS = [b"", b" ", b"\0", b"\xff\xfe", b"\xe2\x80\xa8", b'"', b"'", b"$(id)", b"../../x", b"=1+1", b"\xc2\xb2"]
WORDS += [b"None", b"[]", b"{}", b"A" * 300, b"\r", b"-", b"#", b"\xef\xbb\xbf", b"true", b"1", b"2026-02-30"]
WORDS += [b"2026-05-01T25:00"]
INTEGERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40]
INTEGERS += [2**63 - 1, 2**63, 2**64 - 1]
_NUMBER, _CELL = re.compile(rb"-?\d+(?:\.\d+)?"), re.compile(rb"[^\t,;=\s]+")


class Mutation(NamedTuple):
    """``how`` (a key of :data:`HOW`), ``where`` in the file and ``file`` (which of several), both 0 to 1, ``value``."""

    how: str
    where: float
    file: float
    value: int


def _flip(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([data[at] ^ (value % 255 + 1)]) + data[at + 1 :]


def _cut(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + data[at + 1 + value % 64 :]


def _end(data: bytes, at: int, value: int) -> bytes:
    return data[:at]


def _repeat(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + data[at : at + 1 + value % 64] * 2 + data[at + 1 + value % 64 :]


def _insert(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + WORDS[value % len(WORDS)] + data[at:]


def _integer(data: bytes, at: int, value: int) -> bytes:
    size = (1, 2, 4, 8)[value % 4]
    number = INTEGERS[value // 4 % len(INTEGERS)] % (1 << 8 * size)
    return data[:at] + number.to_bytes(size, "little") + data[at + size :]


def _line(data: bytes, at: int, value: int) -> bytes:
    """Remove, double, or move a line to the end."""
    lines = data.splitlines(keepends=True)
    number = min(len(lines) - 1, data.count(b"\n", 0, at))
    line = lines.pop(number)
    if value % 3 == 1:
        lines[number:number] = [line, line]
    elif value % 3 == 2:
        lines.append(line)
    return b"".join(lines)


def _replaced(pattern: re.Pattern[bytes], words: Sequence[bytes], data: bytes, at: int, value: int) -> bytes:
    match = pattern.search(data, at) or pattern.search(data)
    word = words[value % len(words)]
    return data if match is None else data[: match.start()] + word + data[match.end() :]


def _number(data: bytes, at: int, value: int) -> bytes:
    return _replaced(_NUMBER, NUMBERS, data, at, value)


def _cell(data: bytes, at: int, value: int) -> bytes:
    return _replaced(_CELL, WORDS, data, at, value)


HOW = {
    "flip": _flip,
    "cut": _cut,
    "end": _end,
    "repeat": _repeat,
    "insert": _insert,
    "integer": _integer,
    "line": _line,
    "number": _number,
    "cell": _cell,
}
MUTATIONS = st.lists(
    st.builds(Mutation, st.sampled_from(sorted(HOW)), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**16)),
    min_size=1,
    max_size=4,
)


def drawn(seed: int) -> list[Mutation]:
    """The mutations of a seed: one to four, most often one."""
    rng = random.Random(seed)
    number = rng.choice((1, 1, 1, 2, 2, 3, 4))
    names = sorted(HOW)
    return [Mutation(rng.choice(names), rng.random(), rng.random(), rng.randrange(2**16)) for _ in range(number)]


def mutate(data: bytes, mutations: Sequence[Mutation]) -> bytes:
    """``data`` with every mutation, one after the other. An empty file stays as it is."""
    for how, where, _, value in mutations:
        if data:
            data = HOW[how](data, min(int(where * len(data)), len(data) - 1), value)
    return data
