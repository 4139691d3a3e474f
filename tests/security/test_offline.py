"""The guard that every run of the tests is under (tests/offline): that it guards, and that nothing meets it.

That the whole demo meets it nowhere, and writes no secret down, is checked in tests/end_to_end/test_micro.py.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.resilience.small_study import Study
from tests.running import SECRET, environment

CALLS = [
    "import urllib.request; urllib.request.urlopen('http://example.org', timeout=5)",
    "import socket; socket.socket().connect(('192.0.2.1', 80))",
    "import socket; socket.getaddrinfo('example.org', 80)",
]


@pytest.mark.parametrize("call", CALLS)
def test_who_goes_online_is_stopped_and_written_down(tmp_path: Path, call: str) -> None:
    given = environment(PRESAGE_TEST_ONLINE=str(tmp_path / "tries"))
    done = subprocess.run([sys.executable, "-c", call], env=given, capture_output=True, text=True, check=False)
    assert done.returncode and "the tests allow no network" in done.stderr
    assert (tmp_path / "tries").read_text().startswith(("example.org", "('192.0.2.1'"))


def test_a_study_meets_the_guard_nowhere_and_writes_no_secret_down(tmp_path: Path) -> None:
    """Neither where it goes well, nor in the log and the lines of a job that fails."""
    study = Study(tmp_path)
    given = {"PRESAGE_TEST_ONLINE": str(tmp_path / "tries")}
    code, said = study.run(**given)
    assert code == 0, said[-3000:]
    (tmp_path / "v.vcf").write_text("no VCF")
    code, more = study.run(**given)
    assert code != 0 and "is not a VCF" in more
    assert not (tmp_path / "tries").exists()
    assert SECRET not in said + more
    assert [p for p in study.results.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()] == []
