"""One run of presage's pseudobulk step, as a process of its own; its last line is qc.json."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

CONTEXT, CROP, BIN = 131_072, 32_768, 32  # the shape of the small published trunk


def prepare(folder: Path) -> Path:
    """The reference's tables of the world in ``folder``, made once."""
    from presage.config.reference import Reference
    from presage.sequence.reference.step import prepare_reference

    out = folder / "reference"
    if not (out / "genes.parquet").exists():
        settings = Reference(fasta=str(folder / "genome.fa"), gtf=str(folder / "genes.gtf"))
        prepare_reference(settings, CONTEXT, CROP, out, {"simulated": True})
    return out


def main(args: argparse.Namespace) -> None:
    from presage import tables
    from presage.config.pseudobulk import Pseudobulk
    from presage.sequence.pseudobulk.aggregate import aggregate
    from presage.sequence.reference.genome import Genome
    from presage.sheets import Sample

    windows = tables.read(args.reference / "windows.parquet", "windows")
    qc = aggregate(
        samples=[Sample(sample="simulated", kind=args.kind, path=str(args.path), labels=str(args.labels))],
        settings=Pseudobulk(require_xf=not args.all_reads),
        genome=Genome(args.reference / "genome.fa"),
        genes=tables.read(args.reference / "genes.parquet", "genes"),
        windows=windows.iloc[:0] if args.bigwigs_only else windows,
        bin_size=BIN,
        out_dir=args.out,
        processes=args.processes,
        simulated=True,
    )
    print(json.dumps(qc))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["bam", "fragments"])
    for name in ("path", "labels", "reference", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--all-reads", action="store_true", help="do not ask for xf 25: collapse all reads by UMI")
    parser.add_argument("--bigwigs-only", action="store_true", help="no windows, so no targets")
    parser.add_argument("--processes", type=int, default=2)
    main(parser.parse_args())
