"""Fuzz every reader in parallel for a limited time, and print the table that docs/reliability.md holds.

``make fuzz`` (python -m tests.fuzz.run --inputs 100000 --minutes 30 --processes 2). A seed stands for an input, so what
is found is found again: python -m tests.fuzz.worker NAME SEED SEED+1.
"""

import argparse
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Lock
from typing import NamedTuple

from tests.fuzz.mutate import drawn
from tests.fuzz.readers import READERS
from tests.fuzz.worker import READ, Finding, Worker

_BATCH = 250


class Result(NamedTuple):
    """Of one reader: inputs that ran, those it read, seconds, and each kind of finding with its number, first seed and
    text. What is neither read nor a finding was refused in one line."""

    name: str
    inputs: int
    read: int
    seconds: float
    findings: dict[str, tuple[int, int, str]]


def fuzz(name: str, first: int, inputs: int, seconds: float) -> Result:
    """Read up to ``inputs`` mutated files, for at most ``seconds``."""
    worker, begun, done, read = Worker(name), time.monotonic(), 0, 0
    counts: Counter[str] = Counter()
    seen: dict[str, tuple[int, str]] = {}
    while done < inputs and time.monotonic() - begun < seconds:
        size = min(_BATCH if done else 20, inputs - done)
        for offset, found in enumerate(worker.check([drawn(first + done + i) for i in range(size)])):
            if isinstance(found, Finding):
                counts[found.kind] += 1
                seen.setdefault(found.kind, (first + done + offset, found.told))
            read += found == READ
        done += size
    worker.close()
    return Result(name, done, read, time.monotonic() - begun, {kind: (n, *seen[kind]) for kind, n in counts.items()})


class Shares:
    """The time that is left, shared out evenly among the readers that have not begun: one that is done early leaves its
    rest to those behind it."""

    def __init__(self, minutes: float, processes: int, readers: int) -> None:
        self._end, self._processes, self._left = time.monotonic() + 60 * minutes, processes, readers
        self._lock = Lock()

    def next(self) -> float:
        """Seconds for the next reader."""
        with self._lock:
            self._left -= 1
            at_once = min(self._processes, self._left + 1)
            return max(0.0, self._end - time.monotonic()) * at_once / (self._left + 1)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each reader")
    parser.add_argument("--minutes", type=float, default=30.0, help="for all readers, shared out")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--only", nargs="*", choices=sorted(READERS), metavar="READER")
    asked = parser.parse_args()
    names = asked.only or list(READERS)
    shares = Shares(asked.minutes, asked.processes, len(names))
    print("| reader | inputs | read | refused in one line | crashes | other findings | seconds |\n" + "|---" * 7 + "|")
    faults = []
    with ThreadPoolExecutor(asked.processes) as pool:  # threads that wait for a process each
        jobs = [pool.submit(lambda n: fuzz(n, asked.first, asked.inputs, shares.next()), name) for name in names]
        for job in as_completed(jobs):
            name, inputs, read, seconds, findings = job.result()
            number, died = sum(n for n, _, _ in findings.values()), findings.get("crash", (0,))[0]
            row = [inputs, read, inputs - read - number, died, number - died, round(seconds)]
            print(f"| {name} | {' | '.join(f'{n:,}' for n in row)} |", flush=True)
            faults += [(name, kind, *found) for kind, found in sorted(findings.items())]
    for name, kind, number, seed, told in faults:
        print(f"\n{name}: {kind}, {number} times, first with seed {seed}\n{told}")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
