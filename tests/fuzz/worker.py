"""A process that reads mutated files, so that a crash or a hang in a native library is a finding and not the end."""

import faulthandler
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from presage.errors import UserError
from tests.fuzz.mutate import Mutation, mutate
from tests.fuzz.readers import READERS

PATIENCE_S = 30.0  # for one small file; longer is a hang
MEMORY = 4 << 30  # bytes that reading a small file may take beyond what the process has
_SHM = Path("/dev/shm")


class Finding(NamedTuple):
    """What went wrong: ``kind`` is the same for the same fault, ``told`` the whole of it."""

    kind: str
    told: str


READ, REFUSED = "read", "refused"
Outcome = str | Finding


class Case:
    """A reader with its valid file in a folder of its own."""

    def __init__(self, name: str) -> None:
        self.reader = READERS[name]
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=_SHM if _SHM.is_dir() else None))
        self.path = self.reader.make(self.folder)
        files = sorted(p for p in self.folder.rglob("*") if p.is_file() and p.stat().st_size)
        self.valid = {file: file.read_bytes() for file in files if self.reader.unpack is None or file == self.path}
        self.reader.read(self.path)  # the valid file must be read

    def check(self, mutations: Sequence[Mutation]) -> Outcome:
        """Read the file with these mutations."""
        by_file: dict[Path, list[Mutation]] = {}
        files = list(self.valid)
        for one in mutations:
            by_file.setdefault(files[min(int(one.file * len(files)), len(files) - 1)], []).append(one)
        for file, here in by_file.items():
            file.write_bytes(self._changed(self.valid[file], here))
        try:
            return self._read()
        finally:
            for file in by_file:
                file.write_bytes(self.valid[file])

    def _changed(self, data: bytes, mutations: Sequence[Mutation]) -> bytes:
        if self.reader.unpack is None or self.reader.pack is None:
            return mutate(data, mutations)
        return self.reader.pack(mutate(self.reader.unpack(data), mutations))

    def _read(self) -> Outcome:
        try:
            self.reader.read(self.path)
        except UserError as error:
            said = str(error)
            if len(said.splitlines()) != 1 or not said.isprintable():
                return Finding("an error of several lines", repr(said))
            if str(self.folder) not in said:
                return Finding("an error that names no file", said)
            return REFUSED
        except Exception as error:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if "/presage/" in f.filename]
            at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
            return Finding(f"{type(error).__name__} at {at}", "".join(traceback.format_exception(error))[-1500:])
        return READ


def _serve(name: str, pipe: Connection) -> None:
    faulthandler.disable()  # pytest's, which would print each crash
    with open(os.devnull, "w") as null:  # noqa: PTH123  (native libraries write there)
        os.dup2(null.fileno(), 2)
        os.dup2(null.fileno(), 1)
    try:
        case = Case(name)
    except Exception as error:
        pipe.send(f"error {error!r}")
        return
    with Path("/proc/self/statm").open() as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe.send(str(case.folder))
    while True:
        pipe.send([case.check(mutations) for mutations in pipe.recv()])


class Worker:
    """The process of one reader; begun again after a crash or a hang."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self.name, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(120):
            raise TimeoutError(f"{self.name}: the valid file was not read")
        self._folder = self._pipe.recv()
        if self._folder.startswith("error"):
            raise AssertionError(f"{self.name}: the valid file cannot be read: {self._folder}")

    def check(self, batch: Sequence[Sequence[Mutation]], together: int = 25) -> list[Outcome]:
        """What reading each gives. Those among which one crashed or hung are read again one by one."""
        found: list[Outcome] = []
        for first in range(0, len(batch), together):
            some = batch[first : first + together]
            answer = self._ask(some)
            if isinstance(answer, Finding):
                self._restart()
                answer = [answer] if len(some) == 1 else self.check(some, 1)
            found += answer
        return found

    def _ask(self, some: Sequence[Sequence[Mutation]]) -> list[Outcome] | Finding:
        try:
            self._pipe.send(some)
            return (
                self._pipe.recv() if self._pipe.poll(PATIENCE_S) else Finding("hang", f"longer than {PATIENCE_S:g} s")
            )
        except (EOFError, ConnectionResetError, BrokenPipeError):
            self._process.join()
            return Finding("crash", f"the process died with exit code {self._process.exitcode}")

    def _restart(self) -> None:
        self._kill()
        self._start()

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """End the process and remove its files."""
        self._kill()


if __name__ == "__main__":  # one reader, a few seeds: python -m tests.fuzz.worker "VCF" 0 100
    from tests.fuzz.mutate import drawn

    case = Case(sys.argv[1])
    for seed in range(int(sys.argv[2]), int(sys.argv[3])):
        found = case.check(drawn(seed))
        print(seed, *([found] if isinstance(found, str) else found), sep="\n")
