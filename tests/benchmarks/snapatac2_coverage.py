"""The peer: SnapATAC2 from fragments to one bigWig of cut sites per cell type. Runs in an environment of its own."""

import csv
import json
import sys
from pathlib import Path


def main(fragments: Path, labels: Path, lengths: Path, out: Path) -> None:
    import snapatac2 as snap

    out.mkdir(parents=True, exist_ok=True)
    with labels.open() as rows:
        types = {row["barcode"]: row["cell_type"] for row in csv.DictReader(rows, delimiter="\t")}
    data = snap.pp.import_fragments(
        fragments,
        json.loads(lengths.read_text()),
        min_num_fragments=0,  # no cell may be left out: we take what is labelled
        sorted_by_barcode=False,
        whitelist=list(types),
        n_jobs=2,
        tempdir=out,
    )
    snap.ex.export_coverage(
        data,
        groupby=[types[barcode] for barcode in data.obs_names],
        bin_size=1,
        normalization=None,
        max_frag_length=None,
        counting_strategy="insertion",
        out_dir=out,
        suffix=".bw",
        tempdir=out,
        n_jobs=2,
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
