"""Settings of the report, and the list of its figures (light, so that the workflow can ask which files to expect)."""

from pydantic import Field

from presage.config.base import Section


class Report(Section):
    """What the pages and figures show."""

    title: str = Field("", description="title of the run's page; empty: the run's name")
    top_variants: int = Field(20, ge=1, le=200, description="variants in the heat map of strongest effects")
    variant_tracks: int = Field(
        8,
        ge=0,
        le=100,
        description="variants of a set whose tracks its page shows: so many of the strongest and of those with a logo; "
        "each is predicted anew",
    )
    example_cage: str = Field(
        "", description="cage of the example timeline figure; empty: an alarmed one, the ill first"
    )
    morning_days: int = Field(
        14, ge=2, le=90, description="days of detector score shown on a cage's tile in morning.html"
    )


# file stem -> branch; the captions are workflow/report/<stem>.rst
FIGURES = {
    "fig1_overview": "sequence",
    "fig2_adapters": "sequence",
    "fig3_tracks": "sequence",
    "fig4_across_types": "sequence",
    "fig5_variants": "sequence",
    "fig6_ism": "sequence",
    "fig7_generalisation": "sequence",
    "fig8_leakage": "sequence",
    "fig10_pose": "homecage",
    "fig11_rhythms": "homecage",
    "fig12_alarms": "homecage",
    "fig13_before": "homecage",
    "fig14_trust": "homecage",
    "fig15_power": "homecage",
    "fig16_cage": "homecage",
    "fig17_dss": "homecage",
    "fig18_pseudobulk": "sequence",
    "fig19_reach": "homecage",
}
