"""The data registry: names, checksums, and what happens when a file is not what it should be."""

from pathlib import Path

import pytest

from presage import data_registry
from presage.errors import UserError
from presage.provenance import file_hash


def test_every_entry_is_whole() -> None:
    for entry in data_registry.entries().values():
        assert len(entry.sha256) == 64
        assert entry.url.startswith(("https://", "package:"))
        assert entry.licence


def test_the_mirror_holds_what_the_registry_says(real_data: Path) -> None:
    """A mirror may lack files, which are then downloaded: blacklists need no place in it."""
    here = [e for e in data_registry.entries().values() if not e.url.startswith("package:")]
    here = [e for e in here if not e.name.startswith("blacklist/") or (real_data / e.name).exists()]
    for entry in here:
        assert file_hash(real_data / entry.name) == (entry.mirror_sha256 or entry.sha256), entry.name


def test_a_file_of_an_installed_package_is_copied(tmp_path: Path) -> None:
    data_registry.obtain("singlecell/pbmc68k_reduced.h5ad", tmp_path / "pbmc.h5ad")
    assert (tmp_path / "pbmc.h5ad").stat().st_size > 10**5


def test_a_folder_name_means_all_files_below() -> None:
    names = [e.name for e in data_registry.members("mini_borzoi/tfrecords/")]
    assert len(names) == 18
    assert all(n.endswith(".tfr") for n in names)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"is not in resources/registry\.tsv"):
        data_registry.members("mini_borzoi/tfrecord/")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror with one file, ``a.txt``."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "a.txt").write_text("right")
    entry = data_registry.Entry("a.txt", file_hash(folder / "a.txt"), "file:///nowhere/a.txt", "CC0")
    monkeypatch.setattr(data_registry, "entries", lambda: {"a.txt": entry})
    monkeypatch.setenv("PRESAGE_DATA_MIRROR", str(folder))
    return folder


def test_the_mirror_comes_first(small: Path, tmp_path: Path) -> None:
    data_registry.obtain("a.txt", tmp_path / "got" / "a.txt")
    assert (tmp_path / "got" / "a.txt").read_text() == "right"


def test_a_mirrored_part_has_a_checksum_of_its_own(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is downloaded is checked against the whole file's."""
    part, whole = small / "a.txt", tmp_path / "whole.txt"
    whole.write_text("right and more")
    entry = data_registry.Entry("a.txt", file_hash(whole), whole.as_uri(), "CC0", file_hash(part))
    monkeypatch.setattr(data_registry, "entries", lambda: {"a.txt": entry})
    data_registry.obtain("a.txt", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "right"
    part.unlink()
    data_registry.obtain("a.txt", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "right and more"


def test_a_wrong_checksum_leaves_nothing(small: Path, tmp_path: Path) -> None:
    (small / "a.txt").write_text("wrong")
    with pytest.raises(UserError, match="SHA-256"):
        data_registry.obtain("a.txt", tmp_path / "a.txt")
    assert not (tmp_path / "a.txt").exists()


def test_no_mirror_and_no_network_is_said(small: Path, tmp_path: Path) -> None:
    (small / "a.txt").unlink()
    with pytest.raises(UserError, match="could not be downloaded"):
        data_registry.obtain("a.txt", tmp_path / "a.txt")
    assert not (tmp_path / "a.txt").exists()
