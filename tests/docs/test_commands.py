"""Every ``bash`` block of the documentation works: Snakemake plans it, make knows its targets, files are there.

Nothing heavy runs. Each page has a sandbox, a folder that looks like a clone; its named blocks are saved there, and
what only a reader has (a genome, videos) stands there as empty files, since a plan opens none of them.
"""

import importlib.util
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from presage.config.genome_world import GenomeWorld
from presage.config.root import Sequence
from presage.config.trunk import TrunkShape
from presage.study import SequenceInputs
from tests.docs.pages import Block, blocks, pages
from tests.planning import fork
from tests.running import ROOT

EXCEPTIONS = {"--report": "needs a finished run; tests/end_to_end/test_micro.py makes one"}
"""Words of commands that are not tried here, and why."""
_DLC = {"my-dlc-project/config.yaml": "Task: mice\nbodyparts: [snout, tailbase]\n"}
_READS = [f"p1/{name}" for name in ("possorted_genome_bam.bam", "atac_fragments.tsv.gz", "labels.tsv")]
_GENOME = [
    "hg38.fa",
    "gencode.gtf.gz",
    "sequences_human.bed.gz",
    "gwas.vcf.gz",
    "model.h5",
    "params.json",
    "targets.txt",
]
_STUDY = """
run: my_study
homecage: {segments: videos.tsv, pose: {project: my-dlc-project}, recording: {time_zone: UTC}}
"""
_VIDEOS = "cage\tstart\tpath\nA07\t2026-05-01T08:00:00\tvideos/A07.mp4\nA07\t2026-05-01T20:00:00\tvideos/A07n.mp4\n"


_SENT = [f"to_share/{name}" for name in ("lora/adapter.safetensors", "lora/card.json", "windows.bed")]
_SENT += ["to_share/trunk/trunk.safetensors"]
_SHAPE = {"to_share/trunk/card.json": json.dumps({"shape": TrunkShape().model_dump(mode="json")})}


def _world() -> list[str]:
    """Files of the built-in genome world and its trunk, as the demo leaves them."""
    world = SequenceInputs(Sequence(world=GenomeWorld()), "results/demo/worlds/genome")
    trunk = [f"results/demo/sequence/trunk/{name}" for name in ("trunk.safetensors", "card.json", "history.parquet")]
    adapter = [f"results/demo/sequence/adapt/lora/seed1/{n}" for n in ("adapter.safetensors", "card.json")]
    return [*world.world_files, *(f"{folder}/x" for folder in world.world_folders), *trunk, *adapter]


def _mouse_files() -> dict[str, str]:
    """The pose files of a week of cages: a sheet of one segment a cage and day stands for all."""
    rows = [("V01", 1), ("V06", 1), ("V06", 2)]
    made = [
        (f"pose/{cage}/{day}.csv", f"{cage}\t2026-05-0{day}T05:00:00+00:00\tpose/{cage}/{day}.csv\t2")
        for cage, day in rows
    ]
    folder = "results/vivarium/worlds/vivarium"
    sheet = "\n".join(["cage\tstart\tpath\tfps", *(row for _, row in made)]) + "\n"
    events = "cage\tanimal\ttime_utc\tkind\tvalue\tnote\n"
    return {f"{folder}/segments.tsv": sheet, f"{folder}/events.tsv": events} | {f"{folder}/{p}": "" for p, _ in made}


def _site() -> dict[str, str]:
    """A site profile as a reader copies it, and a study."""
    files = {f"profiles/my-site/{path.name}": path.read_text() for path in (ROOT / "profiles/site-example").iterdir()}
    return {"study.yaml": "run: my_study\nhomecage: {world: {}}\n", **files}


GIVEN: dict[str, dict[str, str]] = {
    "docs/cluster.md": _site(),
    "README.md": dict.fromkeys([*_GENOME, *_READS, "videos/A07.mp4", "videos/A08.mp4"], "") | _DLC,
    "docs/pose.md": {"study.yaml": _STUDY, "videos.tsv": _VIDEOS, "videos/A07.mp4": "", "videos/A07n.mp4": ""} | _DLC,
    "docs/reports.md": {"study.yaml": "run: study\nhomecage: {world: {}}\n"},
    "docs/tutorials/variants.md": dict.fromkeys(_world(), ""),
    "docs/tutorials/morning.md": _mouse_files(),
    "docs/tutorials/share_adapter.md": dict.fromkeys([*_world(), *_SENT], "") | _SHAPE,
}
"""What stands in a page's sandbox beside the clone: path -> content."""
BASH = [page for page in pages() if any(block.language == "bash" for block in blocks(page))]


@pytest.mark.parametrize("page", BASH, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_work_one_after_the_other(page: Path, tmp_path: Path) -> None:
    sandbox = _clone(tmp_path)
    _save(sandbox, GIVEN.get(str(page.relative_to(ROOT)), {}))
    for block in blocks(page):
        if block.file:
            _save(sandbox, {block.file: block.text})
        for command in block.commands if block.language == "bash" else []:
            if not _excepted(command):
                _try(command, block, sandbox)


def test_no_command_hides_in_a_block_that_is_not_bash() -> None:
    programs = ("snakemake", ".venv/bin/", "make ", "python ", "PYTHONPATH=")
    hidden = [
        str(block)
        for page in pages()
        for block in blocks(page)
        if not block.language and block.commands and block.commands[0].startswith(programs)
    ]
    assert hidden == []


def test_every_exception_is_needed() -> None:
    commands = [c for page in pages() for block in blocks(page) if block.language == "bash" for c in block.commands]
    assert [e for e in EXCEPTIONS if not any(_excepted(command) == e for command in commands)] == []


def _excepted(command: str) -> str | None:
    return next((word for word in EXCEPTIONS if word in shlex.split(command, comments=True)), None)


def _clone(folder: Path) -> Path:
    """A folder that looks like a clone; what is written there stays there."""
    for entry in ROOT.iterdir():
        if entry.name not in ("results", ".snakemake", ".git", "profiles"):
            (folder / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "profiles", folder / "profiles")  # readers write into it
    return folder


def _save(sandbox: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = sandbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _try(command: str, block: Block, sandbox: Path) -> None:
    words = shlex.split(command, comments=True)
    while "=" in words[0]:
        words.pop(0)
    program = Path(words[0]).name
    if program == "snakemake":
        planned = words[1:] if "--unlock" in words else ["-n", "--cores", "1", *words[1:]]
        # Snakemake asks conda for its version before it plans; a stand-in answers where there is none.
        _worked(fork(planned, sandbox, str(ROOT / "tests" / "stand_in" / "bin")), block)
    elif program == "make":
        _worked(_run(["make", "-n", *words[1:]], sandbox), block)
    elif program in ("python", "python3", "pytest"):
        _is_there(words[1:], block)
    elif program in ("mkdir", "cp"):
        _worked(_run(words, sandbox), block)
    else:
        pytest.fail(f"{block}: nobody knows how to try {command!r}: teach it here, or give a reason in EXCEPTIONS")


def _run(words: list[str], sandbox: Path) -> subprocess.CompletedProcess[str]:
    out = subprocess.STDOUT
    return subprocess.run(words, cwd=sandbox, stdout=subprocess.PIPE, stderr=out, text=True, check=False)


def _worked(done: subprocess.CompletedProcess[str], block: Block) -> None:
    assert done.returncode == 0, f"{block}: {shlex.join(done.args)}\n{done.stdout[-2000:]}"


def _is_there(words: list[str], block: Block) -> None:
    """The module or file that Python is to run exists; running it is for its own tests."""
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]), f"{block}: no module {words[1]}"
    else:
        assert (ROOT / words[0]).exists(), f"{block}: no file {words[0]}"
