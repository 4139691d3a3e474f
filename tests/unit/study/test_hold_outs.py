"""presage.study.hold_outs: names that are safe in paths, and never the same twice."""

from presage.config.generalise import Generalise
from presage.study.hold_outs import hold_outs


def test_names_are_safe_in_paths_and_stay_apart() -> None:
    listed = Generalise(cell_types=("CD4 T", "CD4/T", "cd4_t", "β", "α"), donors=("CD4 T",))
    found = hold_outs(listed)
    assert [out.held for out in found] == ["CD4_T", "CD4_T-2", "cd4_t-2-3", "x", "x-2", "CD4_T"]  # of an axis each
    assert [(out.axis, out.value) for out in found] == listed.listed
    # Where folders do not tell capitals apart, the names of an axis do not meet either.
    assert len({out.held.lower() for out in found[:5]}) == 5


def test_only_axes_that_mix_cells_pool_again() -> None:
    found = hold_outs(
        Generalise(
            cell_types=("a",), donors=("a",), tissues=("a",), conditions=("a",), track_groups={"g": ("RNA:*", "x")}
        )
    )
    assert {out.axis: out.pools_again for out in found} == {
        "cell_type": False, "donor": True, "tissue": True, "condition": True, "tracks": False
    }  # fmt: skip
    assert [out.patterns for out in found] == [(), (), (), (), ("RNA:*", "x")]
