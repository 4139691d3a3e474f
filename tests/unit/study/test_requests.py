"""presage.study.requests: what jobs ask a scheduler for."""

from pathlib import Path

import pytest

from presage.study.requests import memory, minutes, size_mb


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    """A file of 3 MB, and a folder with 2 MB in it and 1 MB further down."""
    (tmp_path / "reads.bam").write_bytes(bytes(3 * 10**6))
    (tmp_path / "targets.zarr" / "0").mkdir(parents=True)
    (tmp_path / "targets.zarr" / "chunk").write_bytes(bytes(2 * 10**6))
    (tmp_path / "targets.zarr" / "0" / "chunk").write_bytes(bytes(10**6))
    return [f"{tmp_path}/reads.bam", f"{tmp_path}/targets.zarr"]


def test_folders_count_with_all_that_is_in_them(inputs: list[str]) -> None:
    assert size_mb(inputs) == 6.0


@pytest.mark.parametrize(("attempt", "times"), [(1, 1), (2, 2), (3, 4)])
def test_each_attempt_asks_for_twice_as_much(inputs: list[str], attempt: int, times: int) -> None:
    assert memory(500)(None, inputs, attempt) == 500 * times
    assert memory(500, per_input=2)(None, inputs, attempt) == (500 + 12) * times
    assert minutes(30, per_input_gb=1000)(None, inputs, attempt) == (30 + 6) * times


def test_an_input_that_is_not_made_yet_is_left_to_the_job(inputs: list[str]) -> None:
    Path(inputs[0]).unlink()
    with pytest.raises(FileNotFoundError):
        memory(500, per_input=1)(None, inputs, 1)
    assert memory(500)(None, inputs, 1) == 500
