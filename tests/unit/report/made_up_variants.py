"""Scores of a set of variants, made up from seeded noise, and models that see a bump at each variant."""

from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables
from presage.report.variants.head import ScoredSet
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.predicted import Predicted
from tests.unit.report.made_up_run.facts import filled

STRANDS = {"+": "+", "-": "-", ".": ""}
GENES = filled(
    "genes",
    [
        {
            "gene_id": f"g{i}",
            "name": f"GENE{i}",
            "chrom": "chr1",
            "start": 1000 * i,
            "end": 1000 * i + 600,
            "strand": "+-"[i % 2],
            "exon_starts": [1000 * i, 1000 * i + 400],
            "exon_ends": [1000 * i + 150, 1000 * i + 600],
        }
        for i in range(1, 20)
    ],
)


def tracks_of(types: list[str]) -> pd.DataFrame:
    """Two RNA tracks and one ATAC track of each type, RNA first."""
    kinds = [("rna", "+"), ("rna", "-"), ("atac", ".")]
    rows = [
        {"slug": f"{name}_{assay}{STRANDS[strand]}", "cell_type": name, "assay": assay, "strand": strand}
        for assay, strand in kinds
        for name in types
    ]
    return pd.DataFrame(rows)


def scores_of(count: int, tracks: pd.DataFrame, seed: int = 0, **more: object) -> pd.DataFrame:
    """Rows of the `scores` table; one variant in ten has an effect, each third is read on the minus strand, ``more``
    replaces columns."""
    rng = np.random.default_rng(seed)
    each = len(tracks)
    effect = rng.normal(0, np.where(np.arange(count) % 10 == 0, 1.0, 0.05)[:, None], (count, each))
    pos = 900 + 7 * np.arange(count)
    forward, strand = np.arange(count)[:, None] % 3 > 0, tracks["strand"].to_numpy()
    frame = pd.DataFrame(
        {
            "variant": np.repeat([f"chr1:{p + 1}:A:G" for p in pos], each),
            "chrom": "chr1",
            "pos": np.repeat(pos, each),
            "ref": "A",
            "alt": "G",
            "track": np.tile(tracks["slug"], count),
            "cell_type": np.tile(tracks["cell_type"], count),
            "assay": np.tile(tracks["assay"], count),
            "strand": np.tile(strand, count),
            "main_strand": ((strand == ".") | ((strand == "+") == forward)).ravel(),
            "log_fc": effect.ravel(),
            "log_fc_sd": 0.03 + 0.1 * np.abs(effect.ravel()),
            "sign_agreement": rng.choice([0.5, 0.75, 1.0], count * each),
            "specificity": (effect - effect.mean(axis=1, keepdims=True)).ravel(),
            "specificity_sd": 0.05,
            "top_share": rng.uniform(size=count * each),
            "p_null": np.maximum(1 / 501, np.exp(-20 * np.abs(effect.ravel()))),
            "percentile": rng.uniform(size=count * each),
            "fold": np.repeat(rng.choice(["train", "valid", "test", "outside"], count), each),
            "gene": np.repeat(np.where(np.arange(count) % 7, "g3", None), each),
            "tss_distance": np.repeat(pd.array(np.where(np.arange(count) % 7, pos - 3000, None), "Int64"), each),
        }
    )
    return filled("scores", frame.to_dict("records") if len(frame) else [], **more)[tables.SCHEMAS["scores"].names]


def made_up_set(
    folder: Path, count: int, types: list[str], null: int = 500, dropped: int = 0, meta: dict | None = None, **more
) -> ScoredSet:
    """A set in ``folder`` of ``count`` variants, its null set of ``null`` substitutions (0: none)."""
    folder.mkdir(parents=True, exist_ok=True)
    tracks = tracks_of(types)
    scores = scores_of(count, tracks, **more) if count else tables.empty("scores")
    tables.write(folder / "scores.parquet", "scores", scores, meta or {"simulated": True, "null_name": "nulls <a>"})
    lost = [{"reason": "ref_mismatch" if i % 3 else "star"} for i in range(dropped)]
    tables.write(folder / "dropped.parquet", "dropped", filled("dropped", lost) if lost else tables.empty("dropped"))
    sites = filled("sites", [{"kind": "snv", "site": i} for i in range(null)]) if null else tables.empty("sites")
    tables.write(folder / "null_sites.parquet", "sites", sites)
    return ScoredSet(
        name="gwas",
        scores=folder / "scores.parquet",
        dropped=folder / "dropped.parquet",
        null=folder / "null_sites.parquet" if null else None,
        genes=GENES,
        tracks=tracks,
        models=["lora seed1", "lora seed2"],
        strands=2,
        shifts=1,
    )


def bump(site: Variant, slugs: list[str], bins: int = 200, size: int = 16) -> Predicted:
    """A bump at the variant, which the alternative allele halves."""
    start = site.pos - bins * size // 2
    x = start + size * (np.arange(bins) + 0.5)
    ref = np.repeat(1 + 4 * np.exp(-(((x - site.pos) / 100) ** 2))[:, None], len(slugs), axis=1)
    return Predicted(start, size, list(slugs), ref, np.where(np.abs(x - site.pos)[:, None] < 200, ref / 2, ref))
