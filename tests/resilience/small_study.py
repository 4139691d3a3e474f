"""A study of two quick jobs (the reference, then the sites of a variant set), to which faults can happen."""

import json
import subprocess
from pathlib import Path

import numpy as np

from presage.config.trunk import TrunkShape
from presage.provenance import file_hash
from tests.running import ROOT, command, environment

CONFIG = """
run: small
gpus: 0
torch_threads: 1
results: '{results}'
sequence:
  samples: '{folder}/samples.tsv'
  reference: {{fasta: '{fasta}', split: block, block_windows: 1}}
  trunk: {{kind: presage, path: '{folder}/trunk'}}
  variants:
    sets: {{s: {{vcf: '{folder}/v.vcf', null_set: null}}}}
"""
LEFT = ("sequence/reference/genome.fa", "sequence/reference/windows.parquet", "sequence/variants/s/sites.parquet")


class Study:
    """The study in ``folder``, with its results in ``results``."""

    def __init__(self, folder: Path, results: Path | None = None, fasta: str | None = None) -> None:
        self.folder, self.results = folder, results or folder / "results"
        folder.mkdir(parents=True, exist_ok=True)
        bases = "".join(np.random.default_rng(0).choice(list("ACGT"), 16_000))
        self.fasta = Path(fasta) if fasta else folder / "genome.fa"
        if not fasta:
            self.fasta.write_text(">chr1\n" + "".join(f"{bases[i : i + 80]}\n" for i in range(0, 16_000, 80)))
        rows = "".join(f"chr1\t{p}\t.\t{bases[p - 1]}\t{'A' if bases[p - 1] != 'A' else 'C'}\n" for p in (50, 900))
        (folder / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n" + rows)
        (folder / "reads.bam").touch()
        (folder / "samples.tsv").write_text("sample\tkind\tpath\ns1\tbam\treads.bam\n")
        (folder / "trunk").mkdir(exist_ok=True)
        (folder / "trunk" / "card.json").write_text(json.dumps({"shape": TrunkShape().model_dump(mode="json")}))
        (folder / "trunk" / "trunk.safetensors").touch()
        paths = {"folder": folder, "results": self.results, "fasta": self.fasta}
        self.config = folder / "study.yaml"
        self.config.write_text(CONFIG.format(**{name: _quoted(path) for name, path in paths.items()}), encoding="utf-8")

    @property
    def run_folder(self) -> Path:
        """Where the run leaves its files."""
        return self.results / "small"

    def command(self, *more: str) -> list[str]:
        """The command line that makes all of :data:`LEFT`."""
        wanted = [str(self.run_folder / path) for path in LEFT]
        given = command(self.config, self.results, "--cores", "1", *more, "--", *wanted)
        at = given.index("--config")  # the configuration file says where results go, whatever its name holds
        return [*given[:at], *given[at + 2 :]]

    def run(self, *more: str, cwd: Path = ROOT, **more_environment: str) -> tuple[int, str]:
        """Exit code and all that is said."""
        done = subprocess.run(
            self.command(*more),
            cwd=cwd,
            env=environment(**more_environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def hashes(self) -> dict[str, str]:
        """Of all of :data:`LEFT` that is there."""
        return {p: file_hash(self.run_folder / p) for p in LEFT if (self.run_folder / p).exists()}

    def staged(self) -> list[Path]:
        """Half-written files: what lies in a staging folder."""
        return [path for path in self.results.rglob("*") if ".part-" in str(path)]


def _quoted(path: Path) -> str:
    """A path inside a single-quoted YAML scalar."""
    return str(path).replace("'", "''")
