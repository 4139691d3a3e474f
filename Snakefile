"""presage: adapt bulk sequence models to single cells, and raise home-cage alarms early.

Without --configfile the built-in world runs; with `--configfile study.yaml` it is your study. No target means everything
(`report`); others are `sequence`, `homecage`, `figures` and `morning`. `snakemake cost` runs nothing and prints what the
sequence branch will take in time, memory and disk.
"""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.19")
sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


include: "workflow/rules/common.smk"
include: "workflow/rules/sequence/lookups.smk"
include: "workflow/rules/sequence/variant_lookups.smk"
include: "workflow/rules/sequence/generalise_lookups.smk"
include: "workflow/rules/homecage/lookups.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/sequence/reference.smk"
include: "workflow/rules/sequence/cluster.smk"
include: "workflow/rules/sequence/pseudobulk.smk"
include: "workflow/rules/sequence/adapt.smk"
include: "workflow/rules/sequence/cells.smk"
include: "workflow/rules/sequence/gene_head.smk"
include: "workflow/rules/sequence/sites.smk"
include: "workflow/rules/sequence/variants.smk"
include: "workflow/rules/sequence/mutagenesis.smk"
include: "workflow/rules/sequence/evaluate.smk"
include: "workflow/rules/sequence/generalise.smk"
include: "workflow/rules/homecage/segments.smk"
include: "workflow/rules/homecage/pose.smk"
include: "workflow/rules/homecage/features.smk"
include: "workflow/rules/homecage/distress.smk"
include: "workflow/rules/homecage/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/cost.smk"


report: "workflow/report/workflow.rst"


wildcard_constraints:
    date=r"\d{4}-\d{2}-\d{2}",
    cage=r"[^/]+",
    name=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    set=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    seed=r"\d+",
    source=r"[A-Za-z0-9._-]+",
    part=r"\d+",
    role=r"sites|null_sites|calibration_sites",
    region=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    axis=r"cell_type|donor|tissue|condition|tracks",
    held=r"[A-Za-z0-9_-]+",


rule report:
    default_target: True
    input:
        report_targets(),


rule sequence:
    input:
        sequence_targets(),


rule homecage:
    input:
        homecage_targets(),


rule figures:
    input:
        figure_targets(),


rule morning:
    input:
        morning_targets(),


include: "workflow/rules/job.smk"


onsuccess:
    print(*look_at(), sep="\n")


onerror:
    print(*what_failed(), sep="\n", file=sys.stderr)
