"""Any file from outside is read, or refused in one line that names it. `make fuzz` runs many more inputs."""

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from presage.errors import UserError
from tests.fuzz import small_files, worker
from tests.fuzz.mutate import MUTATIONS, Mutation
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.worker import READ, REFUSED, Finding, Worker


@pytest.mark.parametrize("name", READERS)
def test_any_file_is_read_or_refused_in_one_line(name: str) -> None:
    reading = Worker(name)

    @settings(max_examples=READERS[name].ci, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(MUTATIONS)
    def check(mutations: list[Mutation]) -> None:
        [found] = reading.check([mutations])
        if isinstance(found, Finding) and found.kind in ("crash", "hang"):  # a machine out of memory or time is none
            [found] = reading.check([mutations])
        died = isinstance(found, Finding) and found.kind == "crash"
        assert found in (READ, REFUSED) or (died and READERS[name].native), found

    try:
        check()
    finally:
        reading.close()


# ---- the harness itself sees what it shall see -------------------------------------------------------------------


def _wrong(path: Path) -> None:
    raise ZeroDivisionError


def _vague(path: Path) -> None:
    raise UserError("something", "is wrong")


def _wordy(path: Path) -> None:
    error = UserError(path, "is wrong")
    error.args = (f"{path}\nis wrong",)
    raise error


def _dying(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _slow(path: Path) -> None:
    time.sleep(60)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (_wrong, "ZeroDivisionError at ?"),
        (_vague, "an error that names no file"),
        (_wordy, "an error of several lines"),
        (_dying, "crash"),
        (_slow, "hang"),
    ],
)
def test_a_reader_at_fault_is_found_out(monkeypatch: pytest.MonkeyPatch, fault, kind: str) -> None:
    def read(path: Path) -> None:
        if "X" in path.read_text():
            fault(path)

    monkeypatch.setitem(READERS, "bad", Reader(small_files.text("a.txt", "abc"), read, 1))
    monkeypatch.setattr(worker, "PATIENCE_S", 1.0)
    monkeypatch.setattr("tests.fuzz.mutate.WORDS", [b"X"])
    reading = Worker("bad")
    good, bad = [Mutation("repeat", 0.5, 0, 0)], [Mutation("insert", 0.5, 0, 0)]
    found = reading.check([good, bad, good])
    reading.close()
    assert found[0] == found[2] == READ
    assert isinstance(found[1], Finding) and found[1].kind == kind
