"""What the size of a study costs: jobs that a plan has, and jobs that a day's new recordings add to a finished run."""

import json
import os
from pathlib import Path

import pytest
import yaml

from presage.config.trunk import TrunkShape
from tests import colony
from tests.running import finish, planned, snakemake

CHAIN = ("homecage_segments", "homecage_pose", "homecage_features")
DAILY = {
    **dict.fromkeys(("homecage_segments_all", "homecage_quality", "homecage_readings", "homecage_distress"), 1),
    **dict.fromkeys(("homecage_evaluate", "homecage_figures", "homecage_morning"), 1),
    **dict.fromkeys(("summary", "index", "record", "report"), 1),
}


def test_a_new_day_runs_its_own_chain_and_the_daily_detector(tmp_path: Path) -> None:
    videos, results = tmp_path / "videos", tmp_path / "results"
    colony.record(videos, 3, range(3), hours=4)
    config = colony.study(tmp_path, videos)

    def plan() -> dict[str, int]:
        return planned(snakemake(config, results, "--directory", str(tmp_path), "-n"))

    assert plan() == dict.fromkeys(CHAIN, 9) | DAILY
    finish(config, results)
    assert plan() == {}

    colony.record(videos, 3, range(3, 4), hours=4)
    assert plan() == dict.fromkeys(CHAIN, 3) | DAILY

    for path in videos.glob("*/2026-05-04*"):
        path.unlink()
    late = videos / "cage001" / "2026-05-02T08.mp4"
    with late.open("ab") as file:  # one file of one cage-day goes on growing
        file.write(b"more")
    assert plan() == dict.fromkeys(CHAIN, 1) | DAILY
    os.truncate(late, late.stat().st_size - 4)
    os.utime(late, (0, 0))  # same bytes, another time: nobody reads 72,000 files to find out
    assert plan() == dict.fromkeys(CHAIN, 1) | DAILY


@pytest.mark.parametrize("variants", [10, 1_000_000])
def test_jobs_follow_the_config_and_not_the_number_of_variants(tmp_path: Path, variants: int) -> None:
    """100 tracks, and 200 jobs for the set and 200 for its null: 500 would already be asking much of a scheduler."""
    for name in ("g.fa", "g.gtf", "trunk/card.json", "trunk/trunk.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"shape": TrunkShape().model_dump(mode="json")}))
    rows = [f"s{i}\tbigwig\tt{i}.bw\ta{i}\trna\t.\n" for i in range(100)]
    for i in range(100):
        (tmp_path / f"t{i}.bw").touch()
    (tmp_path / "samples.tsv").write_text("sample\tkind\tpath\tcell_type\tassay\tstrand\n" + "".join(rows))
    sites = "".join(f"chr1\t{i}\t.\tA\tC\t.\t.\t.\n" for i in range(1, variants + 1))
    (tmp_path / "v.vcf").write_text(f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{sites}")
    sequence = {
        "samples": str(tmp_path / "samples.tsv"),
        "reference": {"fasta": str(tmp_path / "g.fa"), "gtf": str(tmp_path / "g.gtf")},
        "trunk": {"kind": "presage", "path": str(tmp_path / "trunk")},
        "variants": {"jobs": 200, "sets": {"mine": {"vcf": str(tmp_path / "v.vcf")}}},
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"run": "large", "sequence": sequence}))
    jobs = planned(snakemake(tmp_path / "c.yaml", tmp_path / "results", "-n"))
    assert jobs["sequence_variants_part"] == 2 * 200
    assert sum(jobs.values()) <= 500
