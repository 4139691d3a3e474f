"""A real Slurm on this machine for tests: a controller, a CPU node, a node with two cards that are none, and accounts.

``python -m tests.slurm.loopback up FOLDER`` starts it and prints what a shell must export to use it; ``down FOLDER``
ends it and every process of its jobs. All state lies in the folder; neither root, systemd nor cgroups are needed.
"""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

TEMPLATES = Path(__file__).parent / "cluster"
NODES = ("c1", "g1")
CARDS = {"nvidia0": "/dev/null", "nvidia1": "/dev/zero"}
DAEMONS = ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged")
# Of MariaDB the -core packages suffice: programs, and no service that starts with the machine.
PACKAGES = ("slurm-wlm", "slurmdbd", "munge", "mariadb-server-core", "mariadb-client-core")
PREPARE = "mariadb-install-db"
ACCOUNT = "lab"  # of its users


def installed() -> bool:
    """Whether the daemons of Slurm and its accounting are on this machine."""
    return all(_program(name) for name in (*DAEMONS, PREPARE))


def install() -> None:
    """Install them with apt (Debian, Ubuntu). Raises ``CalledProcessError`` when that fails, e.g. without root."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    subprocess.run([*apt, "update"], check=True, env=quiet)
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", *PACKAGES], check=True, env=quiet)


def up(folder: Path) -> dict[str, str]:
    """Start the cluster with its state in ``folder``; what its users must have in their environment.

    Raises ``TimeoutError`` when the nodes are not ready within 60 s.
    """
    folder = folder.resolve()
    for name in ("munge", "state", "dev", "bin", *(f"spool.{node}" for node in NODES)):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for card, device in CARDS.items():
        (folder / "dev" / card).symlink_to(device)
    _write_configuration(folder)
    _start_munge(folder)
    env = environment(folder)
    _start_accounting(folder, env)
    conf = folder / "slurm.conf"
    _start(folder, "slurmctld", "-D", "-c", "-f", conf)
    for node in NODES:
        _start(folder, "slurmd", "-D", "-N", node, "-f", conf)
    _wait(lambda: _idle_nodes(env) == set(NODES), f"the nodes are not ready: see {folder}/*.log")
    return env


def environment(folder: Path) -> dict[str, str]:
    """What a process needs to talk to the cluster in ``folder``: where its configuration is, and srun that knows it."""
    folder = folder.resolve()
    return {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}"}


def down(folder: Path) -> list[int]:
    """End all jobs, the daemons that :func:`up` started, and what jobs left; the pids of the latter."""
    folder = folder.resolve()
    env = {**os.environ, **environment(folder)}
    subprocess.run(["scancel", "--user", getpass.getuser()], env=env, capture_output=True, check=False)
    queue = ["squeue", "--noheader"]
    _wait(lambda: not subprocess.run(queue, env=env, capture_output=True, check=False).stdout, None, seconds=15)
    record = folder / "pids"
    daemons = [int(pid) for pid in record.read_text().split()] if record.is_file() else []
    _end(reversed(daemons))
    left = list(processes(folder))
    _end(left)
    record.unlink(missing_ok=True)
    return left


def processes(folder: Path) -> Iterator[int]:
    """Processes of the cluster in ``folder``: its daemons, and what runs in its jobs."""
    folder = folder.resolve()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            command, variables = (process / "cmdline").read_bytes(), b"\0" + (process / "environ").read_bytes()
            daemon = Path(command.split(b"\0")[0].decode(errors="replace").split(":")[0]).name in (
                *DAEMONS,
                "slurmstepd",
            )
            own = daemon and (process / "cwd").readlink().is_relative_to(folder)
        except OSError:  # it has ended, or is another user's
            continue
        if own or (str(folder).encode() in variables and b"\0SLURM_JOB_ID=" in variables):
            yield int(process.name)


def _write_configuration(folder: Path) -> None:
    ports = _free_ports(2 + len(NODES))
    words = {"@HOST@": socket.gethostname().split(".")[0], "@USER@": getpass.getuser(), "@FOLDER@": str(folder)}
    words |= {f"@PORT{number}@": str(port) for number, port in enumerate(ports)}
    for template in TEMPLATES.glob("*.in"):
        text = template.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        (folder / template.stem).write_text(text)
        (folder / template.stem).chmod(0o600)  # slurmdbd refuses a configuration that others can read
    # Snakemake's step inside a job drops SLURM_CONF before it calls srun; a real cluster has /etc/slurm/slurm.conf.
    srun = folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nexport SLURM_CONF={folder}/slurm.conf\nexec {_program("srun")} "$@"\n')
    srun.chmod(0o755)


def _start_munge(folder: Path) -> None:
    own = folder / "munge"
    own.chmod(0o711)
    key = own / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    _start(folder, "munged", "--foreground", "--force", *(f"--{option}={own / name}" for option, name in files.items()))
    _wait((own / "socket").exists, f"munge did not start: see {own}/log")


def _start_accounting(folder: Path, env: dict[str, str]) -> None:
    """MariaDB that listens on a socket alone, slurmdbd on it, and what it knows: the cluster, one account, its user."""
    own, user = folder / "mariadb", getpass.getuser()
    options = ["--no-defaults", f"--user={user}", f"--datadir={own}", "--innodb-log-file-size=16M"]
    make = [PREPARE, *options, "--auth-root-authentication-method=normal", "--skip-test-db"]
    with (folder / f"{PREPARE}.out").open("w") as said:
        subprocess.run(make, check=True, stdout=said, stderr=said)
    _start(folder, "mariadbd", *options, "--skip-networking", f"--socket={own}/socket", f"--pid-file={own}/pid")
    _wait((own / "socket").exists, f"MariaDB did not start: see {folder}/mariadbd.out")
    _start(folder, "slurmdbd", "-D")

    def ask(*words: str, check: bool = True) -> int:
        command = ["sacctmgr", "--immediate", *words]
        return subprocess.run(command, env=os.environ | env, capture_output=True, check=check).returncode

    _wait(lambda: ask("list", "cluster", check=False) == 0, f"slurmdbd did not start: see {folder}/slurmdbd.log")
    ask("add", "cluster", "loopback")
    ask("add", "account", ACCOUNT)
    ask("add", "user", user, f"account={ACCOUNT}")


def _start(folder: Path, name: str, *arguments: object) -> None:
    with (folder / f"{name}.out").open("a") as said, (folder / "pids").open("a") as pids:
        command = [_program(name) or name, *map(str, arguments)]
        found = {"SLURM_CONF": str(folder / "slurm.conf"), "MYSQL_UNIX_PORT": str(folder / "mariadb" / "socket")}
        daemon = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            cwd=folder,
            env={**os.environ, **found},
        )
        pids.write(f"{daemon.pid}\n")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"/usr/sbin:/usr/bin:/sbin:/bin{os.pathsep}{os.environ.get('PATH', '')}")


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _idle_nodes(env: dict[str, str]) -> set[str]:
    command = ["sinfo", "--noheader", "--Node", "--states", "idle", "--format", "%N"]
    said = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False).stdout
    return set(said.split())


def _wait(ready: Callable[[], object], message: str | None, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            if message is None:
                return
            raise TimeoutError(message)
        time.sleep(0.1)


def _end(pids: Iterable[int]) -> None:
    """Ask each process to end, wait, then kill what is left. Own children are reaped."""
    pids = list(pids)
    for signum, seconds in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 8.0)):
        for pid in filter(_alive, pids):
            os.kill(pid, signum)
        _wait(lambda: not any(map(_alive, pids)), None, seconds)


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):  # started by another process
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("up", "down"):
        sys.exit("use: python -m tests.slurm.loopback up|down FOLDER")
    if sys.argv[1] == "up":
        if not installed():
            install()
        for variable, value in up(Path(sys.argv[2])).items():
            print(f"export {variable}='{value}'")
    else:
        down(Path(sys.argv[2]))
