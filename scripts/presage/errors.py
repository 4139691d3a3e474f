"""The one exception that a user is meant to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class UserError(Exception):
    """Bad input, told in one line: where (file, row or key), what is wrong, what to do.

    ``entry.main`` and the command line print it without a traceback and exit with a code that is not 0. Names come from
    outside, so line breaks and what moves a terminal's cursor are shown, not written.
    """

    def __init__(self, where: object, what: str, todo: str = "") -> None:
        self.where, self.what, self.todo = one_line(where), one_line(what), one_line(todo)
        super().__init__(f"{self.where}: {self.what}" + (f"; {self.todo}" if self.todo else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return (UserError, (self.where, self.what, self.todo))


def one_line(text: object) -> str:
    """``text`` on one line, with every character that does not print as its escape (``\\x1b``, ``\\udcff``)."""
    bare = " ".join(str(text).split())
    if bare.isprintable():
        return bare
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in bare)


@contextmanager
def damaged(path: object, todo: str = "copy or export it again", what: str = "is damaged") -> Iterator[None]:
    """Tell whatever goes wrong while ``path`` is read as :class:`UserError`; the cause stays in the log's traceback.

    For formats whose libraries raise many kinds for a damaged file (HDF5, zarr, pickled tables, hand-written JSON).
    """
    try:
        yield
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(path, f"does not fit into memory ({error})", f"if it is a small file, {todo}") from error
    except Exception as error:
        told = one_line(error)[:200]
        raise UserError(path, f"{what} ({type(error).__name__}{': ' if told else ''}{told})", todo) from error
