"""presage.sequence.samples.bam: what a file is told about before it is read; bad files refused."""

import re
import shlex
import subprocess
import sys

import pysam
import pytest

from presage.errors import UserError
from presage.sequence.reference.stretches import Stretch
from presage.sequence.samples.bam import Bam, Rules
from presage.sequence.samples.barcodes import Barcodes
from presage.sequence.samples.rna import read_rna
from tests.unit.sequence.small_reads import Read, write_bam


def test_a_bam_that_mostly_lacks_barcodes_is_refused_early(tmp_path):
    bare = [Read(tags=(("UB", "ACGT"),))] * 60
    path = write_bam(tmp_path / "a.bam", [*bare, *[Read()] * 40])
    with pytest.raises(UserError, match=r"60 % of reads carry no CB tag .* raise pseudobulk.max_no_barcode"):
        Bam(path)
    assert Bam(path, most_bare=0.6).peek.reads == 100


def test_a_look_at_the_file_tells_what_reads_carry(tmp_path):
    tags = (("CB", "AAAC-1"), ("UB", "ACGT"))
    path = write_bam(tmp_path / "a.bam", [Read(tags=(*tags, ("xf", 25))), Read("chr2", tags=tags[:1]), Read(flag=256)])
    assert Bam(path).peek == (2, 2, 1, 1, ["AAAC-1"])


def test_bam_without_index(tmp_path):
    with pytest.raises(UserError, match=r"has no index; run `.* or `samtools index"):
        Bam(write_bam(tmp_path / "a.bam", [Read()], index=False))


@pytest.mark.parametrize("name", ["a.bam", "it's $HOME.bam"])
def test_the_command_that_is_told_makes_the_index(tmp_path, name):
    path = write_bam(tmp_path / name, [Read()], index=False)
    with pytest.raises(UserError) as caught:
        Bam(path)
    python, *rest = shlex.split(re.search("`([^`]*)`", str(caught.value))[1])
    assert python == ".venv/bin/python"
    subprocess.run([sys.executable, *rest], check=True)
    assert Bam(path).total == 1


@pytest.mark.parametrize("keep", [-28, 0.5])
def test_truncated_bam(tmp_path, real_data, keep):
    whole = (real_data / "singlecell/mgatk_test2_umi.bam").read_bytes()
    path = tmp_path / "a.bam"
    path.write_bytes(whole)
    pysam.index(str(path))
    path.write_bytes(whole[:keep] if keep < 0 else whole[: int(keep * len(whole))])
    with pytest.raises(UserError, match="is truncated"):
        Bam(path)


def test_bam_with_a_hole_in_the_middle(tmp_path, real_data):
    """The end marker is there, so only reading can tell."""
    whole = bytearray((real_data / "singlecell/mgatk_test2_umi.bam").read_bytes())
    path = tmp_path / "a.bam"
    path.write_bytes(whole)
    pysam.index(str(path))
    whole[len(whole) // 2 : len(whole) // 2 + 5000] = bytes(5000)
    path.write_bytes(whole)
    with pytest.raises(UserError, match="is truncated, corrupt or no BAM") as error:
        read_rna(Bam(path), Stretch("MT", 0, 16_569), Barcodes(), Rules())
    assert "\n" not in str(error.value)


def test_bam_without_cell_barcodes(tmp_path):
    with pytest.raises(UserError, match="carries no CB tag"):
        Bam(write_bam(tmp_path / "a.bam", [Read(tags=(("UB", "ACGT"),))]))


def test_bam_of_another_genome(tmp_path):
    path = write_bam(tmp_path / "a.bam", [Read()])
    with pytest.raises(UserError, match="no contig name matches"):
        Bam(path, {"I": 400})
    with pytest.raises(UserError, match="contig chr1 is 400 bp here and 401 bp"):
        Bam(path, {"chr1": 401})


def test_no_bam_at_all(tmp_path):
    (tmp_path / "a.bam").write_text("text")
    with pytest.raises(UserError, match="is not a BAM file"):
        Bam(tmp_path / "a.bam")
    with pytest.raises(UserError, match="cannot be read"):
        Bam(tmp_path / "none.bam")


def test_a_truncated_index_is_named(tmp_path):
    """htslib would end the process."""
    path = write_bam(tmp_path / "a.bam", [Read(start=5)])
    index = tmp_path / "a.bam.bai"
    index.write_bytes(index.read_bytes()[: index.stat().st_size // 2])
    with pytest.raises(UserError, match=r"a\.bam\.bai: is damaged or truncated; run `.* or `samtools index"):
        Bam(path)
