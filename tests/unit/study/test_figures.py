"""presage.study.figures: a study is drawn what it can have, and simulated numbers are known as such."""

from presage.config.report import FIGURES
from presage.config.root import Config, built_in
from presage.study import figures, simulated


def _own(**sequence_or_homecage: dict) -> Config:
    return Config.model_validate(sequence_or_homecage)


def test_the_built_in_worlds_have_every_figure_but_the_protocol_on_real_mice() -> None:
    config = built_in()
    drawn = {*figures(config, "sequence"), *figures(config, "homecage")}
    assert set(FIGURES) - drawn == {"fig17_dss"}
    assert simulated(config) == {"sequence": True, "homecage": True}


def test_readings_of_healthy_mice_alone_are_judged_without_cages() -> None:
    source = {"name": "wild", "kind": "mice_rhythms", "path": "wild.csv", "role": "healthy"}
    config = _own(homecage={"readings": {"sources": [source]}})
    assert figures(config, "homecage") == ["fig19_reach"]
    assert simulated(config) == {"sequence": False, "homecage": False}


def test_cages_with_finished_pose_have_no_pose_figure() -> None:
    drawn = figures(_own(homecage={"segments": "s.tsv", "cages": "c.tsv"}), "homecage")
    assert "fig10_pose" not in drawn and {"fig12_alarms", "fig19_reach"} <= set(drawn)


def test_a_finished_target_set_has_no_figures_of_cells_or_genes() -> None:
    drawn = figures(
        _own(
            sequence={
                "tfrecords": "folder",
                "reference": {"fasta": "g.fa"},
                "trunk": {"kind": "presage", "path": "trunk"},
            }
        ),
        "sequence",
    )
    absent = {"fig4_across_types", "fig5_variants", "fig6_ism", "fig7_generalisation", "fig18_pseudobulk"}
    assert absent.isdisjoint(drawn) and "fig2_adapters" in drawn


def test_an_adapter_from_elsewhere_alone_has_effects_and_nothing_that_was_measured() -> None:
    drawn = figures(
        _own(
            sequence={
                "reference": {"fasta": "g.fa", "gtf": "g.gtf"},
                "trunk": {"kind": "presage", "path": "trunk"},
                "adapt": {"given": {"lab_a": "folder"}},
                "variants": {"sets": {"mine": {"vcf": "v.vcf"}}},
            }
        ),
        "sequence",
    )
    assert drawn == ["fig1_overview", "fig5_variants", "fig8_leakage"]
