"""Where a run's inputs are: the built-in world's files, or those of the user's sheets and the data registry.

Light on purpose: the Snakefile asks here, and no input file but the sheets is opened.
"""

from presage.config.report import FIGURES
from presage.config.root import Config
from presage.study.given import absent, check_given, given_files
from presage.study.homecage import HomeCageInputs
from presage.study.paths import PUBLIC, PUBLIC_FILES, PUBLIC_FOLDERS
from presage.study.sequence import SequenceInputs

__all__ = [
    "PUBLIC",
    "PUBLIC_FILES",
    "PUBLIC_FOLDERS",
    "HomeCageInputs",
    "SequenceInputs",
    "absent",
    "check_given",
    "figures",
    "given_files",
    "simulated",
]


def figures(config: Config, branch: str) -> list[str]:
    """Stems of the figures that a run of ``config`` can draw for ``branch``."""
    sequence, homecage = config.sequence, config.homecage
    absent: set[str] = set()
    if sequence:
        own = SequenceInputs(sequence, "")
        if not (sequence.world or sequence.samples):
            absent.add("fig18_pseudobulk")
        if not own.variant_sets:
            absent.add("fig5_variants")
        if not own.ism_regions:
            absent.add("fig6_ism")
        if not own.gtf:
            absent.add("fig4_across_types")
        if not sequence.generalise.listed and not (own.has_coverage and sequence.pseudobulk.downsample):
            absent.add("fig7_generalisation")
        if not own.runs:  # nothing is measured that predictions could be read against
            absent |= {f"fig{stem}" for stem in ("2_adapters", "3_tracks", "4_across_types", "7_generalisation")}
        if not own.scorers:
            absent |= {stem for stem, owner in FIGURES.items() if owner == "sequence"} - {"fig18_pseudobulk"}
    if homecage:
        inputs = HomeCageInputs(homecage, "")
        if not inputs.labelled:
            absent.add("fig10_pose")
        if not inputs.cages:
            absent |= {"fig11_rhythms", "fig12_alarms", "fig13_before", "fig14_trust", "fig15_power", "fig16_cage"}
        if not inputs.cages and not any(source.role == "healthy" for source in inputs.sources):
            absent.add("fig19_reach")
        if homecage.dss is None:
            absent.add("fig17_dss")
    return [stem for stem, owner in FIGURES.items() if owner == branch and stem not in absent]


def simulated(config: Config) -> dict[str, bool]:
    """Which branch's numbers are simulated."""
    return {
        "sequence": bool(config.sequence and config.sequence.world),
        "homecage": bool(config.homecage and config.homecage.world),
    }
