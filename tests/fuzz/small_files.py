"""One small valid file of every kind that presage is given from outside. Each maker returns the path to read."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables

GENOME = {"chr1": 400, "chr2": 300}
EVENTS = "cage\tanimal\ttime_utc\tkind\tvalue\tnote\n"


def text(name: str, content: str) -> Callable[[Path], Path]:
    """A maker of a text file."""

    def make(folder: Path) -> Path:
        (folder / name).write_text(content, encoding="utf-8")
        return folder / name

    return make


VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=400>\n##contig=<ID=chr2,length=300>\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="a">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n##ALT=<ID=DEL,Description="d">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\n"
    "chr1\t5\trs1\tA\tC,<DEL>\t50\tPASS\tAF=0.5,0.1\tGT\t0/1\nchr1\t9\t.\tAC\tA\t.\t.\t.\tGT\t1/1\n"
    "chr2\t70\t.\tG\tGTT,*\t.\t.\t.\tGT\t0/1\n"
)
vcf = text("v.vcf", VCF)
table_tsv = text("v.tsv", "chrom\tpos\tref\talt\tnote\nchr1\t5\tA\tC\tx\nchr2\t70\tG\tGTT,T\ty\n")
table_csv = text("v.csv", '##made by us\nCHROM,POS,REF,ALT\nchr1,5,A,"C,G"\nchr2,70,G,GTT\n')
labelled_variants = text("b.tsv", "chrom\tpos\tref\talt\tlabel\teffect\teffect_allele\nchr1\t5\tA\tC\t1\t0.5\tC\n"
                                  "chr2\t70\tG\tT\t0\t\tref\n")  # fmt: skip
bed = text("r.bed", "track name=x\n#c\nchr1\t10\t14\tpeak\nchr1\t12\t20\nchr9\t3\t4\n2\t298\t305\n")
blacklist = text("b.bed", "#c\nchr1\t10\t14\tpeak\nchr1\t12\t20\tx\nchr9\t3\t4\ty\n")
folds = text("f.bed", "chr1\t0\t100\tfold0\nchr1\t100\t200\tfold3\nchr2\t0\t100\tfold4\n")
meme = text("m.meme", "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nMOTIF one first\n"
            "letter-probability matrix: alength= 4 w= 2 nsites= 20\n 0.25 0.25 0.5 0\n1 0 0 0\n\nMOTIF two\n"
            "letter-probability matrix: alength= 4\n0.1 0.2 0.3 0.4\n")  # fmt: skip
gtf = text("g.gtf", "#!genome\n" + "".join(
    f'{c}\tx\texon\t{s}\t{e}\t.\t{strand}\t.\tgene_id "{g}"; transcript_id "t"; gene_name "N{g}";\n'
    for c, s, e, strand, g in [("chr1", 11, 40, "+", "g1"), ("chr1", 61, 90, "+", "g1"), ("chr2", 5, 50, "-", "g2"),
                               ("chrUn", 1, 9, "-", "g3")]
) + 'chr1\tx\tgene\t11\t90\t.\t+\t.\tgene_id "g1";\n')  # fmt: skip
fasta = text("g.fa", "".join(f">{name} text\n" + "ACGTNacgtn" * 5 + "\n" + "GATTACA" * 3 + "\n" for name in GENOME))
labels = text(
    "labels.tsv", "barcode\tcell_type\tdonor\tsample\ns_AAAC-1\tT\td1\ts\ns_CCCG-1\tB\t\ts\nu_AAAC-1\tB\t\tu\n"
)
fragments = text("f.tsv", "# id=x\nchr1\t10\t90\tAAAC-1\t2\nchr1\t12\t60\tCCCG-1\t1\nchr2\t5\t44\tAAAC-1\t1\n")
cages = text("cages.tsv", "cage\tstrain\tanimals\trole\tgroup\nc1\tC57BL/6J\t2\tcalibrate\ta\nc 2\tx\t1\tevaluate\tb\n")
events = text("events.tsv", EVENTS + "c1\ta1\t2026-05-01T13:00:00\tweighing\t23.4\tfine\n"
              "c2\t\t2026-05-02T13:00:00+02:00\tonset\t\t\n")  # fmt: skip
sensor_csv = text("s.csv", "time,cage,animal,Act,Temp\n2026-05-01T12:01:00,A,m1,5,37.1\n2026-05-01T12:00:00,A,m1,3,\n"
                  "2026-05-01T12:00:00,B,,na,36\n2026-05-01T12:02:00,B,,1,36\n")  # fmt: skip
rhythms = text("act.csv", "time,m1,m2,estrus\n1,5,0,0\n2,3.5,1,0\n3,0,,1\n")
relsa = text("r.txt", "id\ttreatment\tcondition\tday\tbwc\thr\thrv\ttemp\tact\nm1\tDSS\tTM\t0\t100\t500\t10\t36.5\t20\n"
             "m1\tDSS\tTM\t1\t98\t510\t\t36.1\t12\nm2\tC\tXX\t0\t100\t\t\t\t\n")  # fmt: skip
study = text("study.yaml", "run: x\nseed: 3\nsequence:\n  samples: samples.tsv\n"
             "  reference: {fasta: g.fa, split: block}\n"
             "  trunk: {kind: presage, path: t}\n"
             "  variants:\n    sets:\n      gwas: {vcf: v.vcf, null_set: matched}\n"
             "homecage:\n  segments: segments.tsv\n"
             "  recording: {schedule_period_s: 3600, schedule_length_s: 10}\n")  # fmt: skip
project = text("config.yaml", "Task: t\nscorer: me\nmultianimalproject: false\nbodyparts:\n- nose\n- tail\n")


def vcf_gz(folder: Path) -> Path:
    import pysam

    pysam.tabix_compress(str(vcf(folder)), str(folder / "v.vcf.gz"), force=True)
    (folder / "v.vcf").unlink()
    return folder / "v.vcf.gz"


def bcf(folder: Path) -> Path:
    """Not compressed, so that mutations reach the records."""
    import gzip

    import pysam.bcftools

    pysam.bcftools.view("-Ob", "-o", str(folder / "v.bcf"), str(vcf(folder)), catch_stdout=False)
    (folder / "v.vcf").unlink()
    (folder / "v.bcf").write_bytes(gzip.decompress((folder / "v.bcf").read_bytes()))
    return folder / "v.bcf"


def samples(folder: Path) -> Path:
    for name in ("a.bam", "f.tsv.gz", "l.tsv", "x.bw"):
        (folder / name).touch()
    rows = ["s1\tbam\ta.bam\tl.tsv\td1\t{sample}_{barcode}\t\t\t", "s2\tfragments\tf.tsv.gz\twhole\t\t\t\t\t"]
    rows += ["s3\tbigwig\tx.bw\t\t\t\trna\tT\t+"]
    head = "sample\tkind\tpath\tlabels\tdonor\tbarcodes\tassay\tcell_type\tstrand\n"
    (folder / "samples.tsv").write_text(head + "\n".join(rows) + "\n")
    return folder / "samples.tsv"


def bulk(folder: Path) -> Path:
    (folder / "x.bw").touch()
    rows = "atac\tliver\t.\tx.bw\nrna\tliver\t+\tx.bw\nrna\tliver\t-\tx.bw\n"
    (folder / "bulk.tsv").write_text("assay\ttissue\tstrand\tpath\n" + rows)
    return folder / "bulk.tsv"


def segments(folder: Path) -> Path:
    (folder / "a.mp4").touch()
    rows = "c1\t2026-05-01T13:00:00\ta.mp4\t30\nc1\t2026-05-01T14:00:00+02:00\tb.mp4\t\n"
    (folder / "b.mp4").touch()
    (folder / "segments.tsv").write_text("cage\tstart\tpath\tfps\n" + rows)
    return folder / "segments.tsv"


def bam(folder: Path) -> Path:
    from tests.unit.sequence.small_reads import Read, write_bam

    tags = (("CB", "AAAC-1"), ("UB", "ACGT"), ("xf", 25), ("GX", "g1"), ("GN", "N"))
    reads = [Read(start=10 * i, cigar=("10M", "4M20N6M", "3S7M")[i % 3], tags=tags, name=f"r{i}") for i in range(12)]
    reads += [Read("chr2", 5, flag=99, tags=(("CB", "CCCG-1"),), length=60), Read("chr2", 9, flag=16, tags=tags)]
    return write_bam(folder / "a.bam", reads, GENOME)


def bam_records(folder: Path) -> Path:
    """In one block, as it will be packed again, with the index of that."""
    import gzip

    import pysam

    path = bam(folder)
    path.write_bytes(bgzf(gzip.decompress(path.read_bytes())))
    pysam.index(str(path))
    return path


def h5ad(folder: Path, suffix: str = ".h5ad") -> Path:
    import anndata
    from scipy import sparse

    counts = sparse.random(6, 5, 0.5, "csr", np.float32, np.random.default_rng(0))
    counts.data = np.ceil(4 * counts.data)
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(list("TTBBTB")), "sample": "s"}, index=[f"C{i}-1" for i in range(6)]
    )
    data = anndata.AnnData(counts, obs, pd.DataFrame({"gene_ids": list("abcde")}, index=[f"g{i}" for i in range(5)]))
    data.obsm["X_pca"] = np.arange(12, dtype=np.float32).reshape(6, 2)
    data.layers["counts"] = counts.copy()
    (data.write_h5ad if suffix == ".h5ad" else data.write_zarr)(folder / f"d{suffix}")
    return folder / f"d{suffix}"


def zarr(folder: Path) -> Path:
    return h5ad(folder, ".zarr")


def bigwig(folder: Path) -> Path:
    import pyBigWig

    with pyBigWig.open(str(folder / "x.bw"), "w") as file:
        file.addHeader(list(GENOME.items()))
        at = list(range(0, 300, 3))
        file.addEntries(["chr1"] * len(at), at, ends=[a + 2 for a in at], values=[float(a % 7) for a in at])
        file.addEntries(["chr2"] * 2, [5, 50], ends=[20, 90], values=[1.5, 2.0])
    return folder / "x.bw"


def tfrecord(folder: Path) -> Path:
    """Not compressed, so that mutations reach the records."""
    from tests.unit.sequence.small_records import encoded, framed

    example = encoded({"sequence": bytes(range(4)) * 8, "target": b"\0\x3c" * 12})
    (folder / "r.tfr").write_bytes(framed([example, example]))
    return folder / "r.tfr"


def baskerville(folder: Path) -> Path:
    from tests.unit.sequence.small_records import baskerville as write

    write(folder, ["fold0", "fold3", "fold4", "fold0"])
    for path in (folder / "tfrecords").iterdir():
        path.write_bytes(zlib.decompress(path.read_bytes()))
    return folder


def _dlc_table(individuals: tuple[str, ...] = ()) -> pd.DataFrame:
    levels = [["scorer"], *([list(individuals)] if individuals else []), ["nose", "tail"], ["x", "y", "likelihood"]]
    names = ["scorer", *(["individuals"] if individuals else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product(levels, names=names)
    return pd.DataFrame(np.arange(5 * len(columns)).reshape(5, len(columns)) / 100.0, columns=columns)


def dlc_csv(folder: Path) -> Path:
    _dlc_table(("m1", "m2")).to_csv(folder / "p.csv")
    return folder / "p.csv"


def dlc_h5(folder: Path) -> Path:
    _dlc_table().to_hdf(folder / "p.h5", key="df_with_missing", format="table")
    return folder / "p.h5"


def dlc_h5_fixed(folder: Path) -> Path:
    _dlc_table(("m1", "m2")).to_hdf(folder / "p.h5", key="df", format="fixed")
    return folder / "p.h5"


def sleap(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "p.h5", "w") as file:
        file["tracks"] = np.arange(2 * 2 * 3 * 5, dtype=float).reshape(2, 2, 3, 5)
        file["point_scores"] = np.full((2, 3, 5), 0.5)
        file["node_names"], file["track_names"] = [b"nose", b"back", b"tail"], [b"a", b"a"]
        file["track_occupancy"] = np.ones((5, 2), np.uint8)
    return folder / "p.h5"


def slp(folder: Path) -> Path:
    from tests.unit.homecage.pose_files.test_other_formats import write_slp

    rows = [
        (0, 0, False, [(1, 2), (3, 4)], 0.5),
        (0, 1, False, [(5, 6), (7, 8)], 0.9),
        (1, 0, True, [(1, 1), (2, 2)], 1),
    ]
    write_slp(folder / "p.slp", rows)
    return folder / "p.slp"


def jabs(folder: Path) -> Path:
    from tests.unit.homecage.pose_files.test_other_formats import write_jabs

    write_jabs(folder / "p.h5", 5, [[1, 2], [2, -1], [2, 1]])
    return folder / "p.h5"


def nwb(folder: Path) -> Path:
    from presage.homecage.pose_files.nwb import write_nwb

    about = {"identifier": "c", "description": "cage c", "scorer": "model", "software": "presage"}
    time = np.datetime64("2026-05-01T07:00:00", "us") + np.arange(4) * np.timedelta64(33333, "us")
    points = {"xy": np.ones((4, 2, 2, 2), np.float32), "likelihood": np.ones((4, 2, 2), np.float32)}
    write_nwb(folder / "p.nwb", time_utc=time, **points, animals=("a", "b"), bodyparts=("nose", "tail"), about=about)
    return folder / "p.nwb"


def sensor_parquet(folder: Path) -> Path:
    frame = pd.read_csv(sensor_csv(folder)).assign(
        time=pd.to_datetime(["2026-05-01T12:01:00", "2026-05-01T12:00:00"] * 2)
    )
    (folder / "s.csv").unlink()
    frame.iloc[[0, 1, 3]].to_parquet(folder / "s.parquet")
    return folder / "s.parquet"


def readings(folder: Path) -> Path:
    frame = pd.DataFrame(
        {"cage": ["a"] * 3, "animal": None, "time_utc": pd.date_range("2026-05-01", periods=3, tz="UTC")}
    )
    frame = frame.assign(name="activity", value=[1.0, None, 2.0], unit="m", coverage=[1.0, 0.0, 1.0], resolution_s=60.0)
    tables.write(folder / "r.parquet", "readings", frame)
    return folder / "r.parquet"


def mousestyles(folder: Path) -> Path:
    np.save(folder / "i.npy", np.ones((9, 3, 14)))
    return folder / "i.npy"


def video(folder: Path, suffix: str = ".mp4", code: str = "mp4v") -> Path:
    import cv2

    path = folder / f"a{suffix}"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 5, (48, 32))
    rng = np.random.default_rng(0)
    for _ in range(4):
        out.write(rng.integers(0, 255, (32, 48, 3), dtype=np.uint8))
    out.release()
    return path


def avi(folder: Path) -> Path:
    return video(folder, ".avi", "MJPG")


def labelled_project(folder: Path) -> Path:
    from tests.unit.homecage.pose.test_labelled import write_project

    return write_project(folder, n=2)


def adapter(folder: Path) -> Path:
    from presage.sequence.adapters.files import save_adapter
    from tests.unit.sequence.adapters.cases import RUNS, adapted_model

    save_adapter(folder, adapted_model(RUNS["lora"]), RUNS["lora"], {})
    return folder


def trunk(folder: Path) -> Path:
    from presage.sequence.model.weights import save_trunk
    from tests.unit.sequence.model_cases import lively_model

    save_trunk(folder, lively_model())
    return folder


def state_dict(folder: Path) -> Path:
    """A torch checkpoint, as Hugging Face repositories hold it."""
    import torch

    torch.save({"a.weight": torch.ones(3, 2), "b": torch.zeros(4, dtype=torch.int64)}, folder / "pytorch_model.bin")
    return folder / "pytorch_model.bin"


def keras(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "model.h5", "w") as file:
        group = file.create_group("model_weights/conv1d/conv1d")
        group["kernel:0"] = np.ones((3, 4, 2), np.float32)
    (folder / "params.json").write_text(json.dumps({"model": {"seq_length": 512}}))
    return folder


def bgzf(data: bytes) -> bytes:
    """A BGZF file of ``data``, for mutations that shall reach what is compressed."""
    out = b""
    for at in range(0, len(data), 60_000):
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(data[at : at + 60_000]) + packer.flush()
        tail = struct.pack("<II", zlib.crc32(data[at : at + 60_000]), len(data[at : at + 60_000]))
        head = bytes.fromhex("1f8b08040000000000ff0600424302 00".replace(" ", ""))
        out += head + struct.pack("<H", len(body) + 25) + body + tail
    return out + bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
