"""The files of a run that its page links to, by kind."""

from dataclasses import dataclass
from pathlib import Path

# pattern below the run's folder -> what it is
LINKS = {
    "homecage/morning.html": "which cages to look at",
    "homecage/timeline/*.html": "one page per cage",
    "summary.json": "headline numbers",
    "config.yaml": "the resolved configuration",
    "sequence/pseudobulk/qc.html": "pseudobulk quality: look here before believing a track",
    "sequence/pseudobulk/qc.json": "reads by fate",
    "sequence/pseudobulk/tracks.parquet": "tracks: cells, reads, kept or why not",
    "sequence/adapt/*/seed*/card.json": "adapter: settings, size, hashes",
    "sequence/trunk/history.svg": "loss curves of the trunk's own training",
    "sequence/adapt/*/seed*/history.svg": "loss curves of a fit",
    "sequence/cells/evaluation.parquet": "the decoder for single cells, evaluated",
    "sequence/variants/*/variants.html": "variant effects of a set: start here",
    "sequence/variants/*/scores.vcf.gz": "variant effects",
    "sequence/variants/*/scores.parquet": "variant effects, all columns",
    "sequence/variants/*/dropped.parquet": "variants that were not scored, and why",
    "sequence/ism/*.svg": "in-silico mutagenesis: logo and heat map of a region",
    "sequence/ism/*.parquet": "its changes, seqlets, predicted coverage",
    "sequence/ism/*.npz": "its hypothetical contributions, as TF-MoDISco reads them",
    "sequence/ism/*.bw/*.bw": "importance of its bases, for a genome browser",
    "sequence/mpra/*": "predicted against measured changes of a reporter assay",
    "sequence/evaluate/evaluation.html": "what the trunk had seen, metrics by fold, hold-outs: read it first",
    "sequence/evaluate/*.parquet": "metrics, leakage, held-out groups",
    "homecage/clips/*/*.mp4": "film of a stretch with its pose",
    "homecage/nwb/*/*.nwb": "pose of a cage-day for other tools",
    "homecage/quality.parquet": "recording and pose of each cage-day: which cameras need a look",
    "homecage/readings/daily.parquet": "features per cage-day",
    "homecage/distress/*.parquet": "scores, alarms, lead times, evaluation",
}


@dataclass(frozen=True)
class Files:
    """Files of one kind: (path below the run's folder, bytes)."""

    what: str
    files: list[tuple[str, int]]


def links(folder: Path) -> list[Files]:
    """The files that exist, by kind and in the order of ``LINKS``."""
    found = []
    for pattern, what in LINKS.items():
        paths = sorted(folder.glob(pattern))
        if paths:
            found.append(Files(what, [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]))
    return found
