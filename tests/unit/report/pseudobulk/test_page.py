"""The pseudobulk page: complete in itself, escaped, loud about simulation, and tolerant of what a run does not have."""

import json
import re

import pandas as pd
import pytest

from presage import tables
from presage.report.pseudobulk import figures
from presage.report.pseudobulk import page as pages
from presage.report.pseudobulk.page import pseudobulk_page
from presage.report.run import NoData, Run
from presage.report.style import style
from tests.unit.report.made_up_run.pseudobulk import pseudobulk_qc, pseudobulk_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pseudobulk") / "demo"
    pseudobulk_run(path)
    return path


@pytest.fixture(scope="module")
def text(folder) -> str:
    return pseudobulk_page(Run(folder), "Trial & error", "mouse.fa")


def rewrite(folder, **changes):
    path = folder / "sequence/pseudobulk/qc.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_no_network_is_needed_and_everything_is_drawn(text):
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert "@import" not in text and "<link" not in text
    sources = re.findall(r'<img[^>]* src="([^"]+)"', text)
    assert len(sources) == 7  # fates, knees, strand, ceilings, genes, cells, UMAP
    assert all(source.startswith("data:image/") for source in sources)
    assert "Not drawn" not in text


def test_everything_is_escaped(text):
    assert "Trial &amp; error" in text
    assert "<odd>" not in text and "&lt;odd&gt;" in text


def test_simulated_is_loud_and_real_data_are_not_marked(text, tmp_path):
    assert text.index("SIMULATED DATA") < text.index("<h1>")
    pseudobulk_run(tmp_path)
    rewrite(tmp_path, simulated=False)
    assert "SIMULATED" not in pseudobulk_page(Run(tmp_path))


def test_links_exist(folder, text):
    found = [link for link in re.findall(r'href="([^"#]+)"', text) if not link.endswith("index.html")]
    assert found == ["qc.json"]
    assert (folder / "sequence/pseudobulk/qc.json").is_file()


def test_what_other_rooms_left_is_shown(text):
    assert "windows · by fold · train" in text and "1,200" in text
    assert "G0, G1, G2, G3, G4</td>" in text  # the top five markers
    assert "differs: check" in text


def test_a_study_of_counts_alone_has_a_page(tmp_path):
    pseudobulk_run(tmp_path)
    counts = {"unit": "cells", "total": 9, "cells": {"used": 9}, "barcodes": {}}
    rewrite(tmp_path, samples={"d h5ad": counts}, tracks={}, warnings=[])
    folder = tmp_path / "sequence"
    for name in ("tracks", "cells"):
        tables.write(folder / f"pseudobulk/{name}.parquet", name, tables.empty(name))
    for path in ("reference/qc.json", "labels/umap.svg", "labels/markers.parquet"):
        (folder / path).unlink()
    text = pseudobulk_page(Run(tmp_path))
    assert "no bigWig" in text and "d h5ad (counts of cells only" in text
    assert "No warning" in text and "left no numbers" in text
    assert "<img" not in text and "no track could be halved" in text


def test_keys_of_today_are_enough(tmp_path):
    """qc.json without knees, detected chemistry and down-sampling: as earlier versions wrote it."""
    pseudobulk_run(tmp_path)
    qc = pseudobulk_qc()
    for entry in qc["samples"].values():
        entry.pop("knee", None)
        entry.get("strand", {}).pop("detected", None)
        entry.get("strand", {}).pop("said", None)
    for entry in qc["tracks"].values():
        entry.pop("downsample", None)
    rewrite(tmp_path, **qc)
    text = pseudobulk_page(Run(tmp_path))
    assert "no sample of this run has barcodes by rank" in text and "too few or too even to tell" in text
    assert "at a part of its reads" not in text


def test_without_its_tables_there_is_no_page(tmp_path):
    with pytest.raises(NoData, match=r"qc\.json is not there"):
        pseudobulk_page(Run(tmp_path))


def test_warnings_on_thin_tracks_are_one_per_reason():
    few = [f"no track t{i}: too few cells" for i in range(30)]
    assert pages.grouped(["odd: strands.", *few]) == [
        "Odd: strands",
        "No track (too few cells): t0, t1, t2, t3, t4, t5, t6, t7 and 22 more",
    ]


def test_cells_by_use_counts_every_cell_once():
    cells = pd.DataFrame(
        {
            "cell_type": ["a", "a", "b", None, None],
            "used": [True, False, True, False, False],
            "reason": [None, "thin", None, "not labelled", None],
        }
    )
    found = pages.cells_by_use(cells)
    assert found.to_numpy().sum() == len(cells)
    assert list(found.index) == ["a", "b", "no label"] and found.columns[0] == "used"
    assert found.loc["no label", "no reason given"] == 1


def test_ceilings_of_the_table_are_those_of_qc(folder):
    run = Run(folder)
    qc = pseudobulk_qc()["tracks"]
    found = pages.track_table(run.table("tracks"), qc)
    column = found.columns.index("ceiling, test")
    shown = {row[0][0]: row[column][1] for row in found.rows}
    assert shown["astro rna (+)"] == str(qc["astro_plus"]["noise_ceiling"]["test"])
    assert shown["rare rna (+)"] == ""
    assert found.columns[-1] == "reason"


def test_knees_are_coloured_by_the_share_of_labels():
    knee = {"unit": "molecules", "rank": [1, 10, 100, 1000], "count": [900, 500, 20, 0], "labelled": [1, 1, 0, 0]}
    with style():
        figure = figures.knees({"s bam": {"knee": knee}, "h h5ad": {}}, False)
    assert len(figure.axes) == 1
    colours = figure.axes[0].collections[0].get_colors()
    assert len(colours) == 2  # a rank without molecules has no place on a log axis
    assert tuple(colours[0]) != tuple(colours[1])


def test_downsampling_without_ceiling_uses_the_halves():
    assert figures._ceiling({"half_r": {"test": 0.5}}, "test") == pytest.approx((2 * 0.5 / 1.5) ** 0.5)
    assert figures._ceiling({"ceiling": 0.7, "half_r": {"test": None}}, "test") is None
