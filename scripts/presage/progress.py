"""Progress of long work: a bar with rate and ETA on a terminal, silence elsewhere."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(items: Iterable[T], desc: str, unit: str = "it", total: int | None = None) -> Iterator[T]:
    """Yield ``items`` while a bar named ``desc`` counts in ``unit`` on stderr; quiet when stderr is no terminal."""
    yield from tqdm(items, desc=desc, unit=unit, total=total, disable=not sys.stderr.isatty(), leave=False)


def bar(total: int, desc: str, unit: str, done: int = 0) -> Any:
    """A tqdm bar that the caller moves (``update``, ``set_postfix``), as a context manager; quiet as above."""
    return tqdm(total=total, initial=done, desc=desc, unit=unit, disable=not sys.stderr.isatty(), leave=False)
