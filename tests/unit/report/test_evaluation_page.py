"""The evaluation page: complete without a network, escaped, and its numbers are those of the tables."""

import re
import shutil

import pytest

from presage import tables
from presage.report.evaluation_page import by_split, evaluation_page
from presage.report.render import number
from presage.report.run import NoData, Run


def test_the_page_says_what_the_tables_say(run_folder):
    text = evaluation_page(Run(run_folder), "a <study>")
    assert "a &lt;study&gt;" in text and "built-in world" in text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert len(re.findall(r'<img[^>]* src="data:image/', text)) == 2
    audit = tables.read(run_folder / "sequence/evaluate/leakage.parquet", "leakage")
    seen = ((audit["kind"] == "variant") & (audit["fold"] == "train")).sum()
    assert f"{seen} variants lie where the trunk was trained" in text
    assert "cell type astro" in text and "loses a part" in text
    assert "tss 0-1 kb" in text and "0.8" in text


def test_cells_of_text_sort_by_their_numbers(run_folder):
    metrics = tables.read(run_folder / "sequence/evaluate/metrics.parquet", "metrics")
    rows = metrics[(metrics["metric"] == "bin_pearson") & (metrics["group"] == "all") & metrics["seed"].isna()]
    metrics.loc[rows.index[0], "value"] = -0.25
    shown = by_split(metrics, ("bin_pearson",))
    cells = [cell for row in shown.rows for cell in row[2:]]
    keys = [float(key) for text, key in cells if text != "–"]
    assert -0.25 in keys and all(key == "" for text, key in cells if text == "–")
    assert all(text.startswith(number(float(key))) for text, key in cells if key)


def test_each_card_says_what_it_counts(run_folder):
    text = evaluation_page(Run(run_folder))
    assert "Variants in training windows" in text and "Genes in training windows" in text


def test_without_hold_outs_and_variants_the_page_stands(sequence_only):
    (sequence_only / "sequence/evaluate/generalise.parquet").unlink()
    text = evaluation_page(Run(sequence_only))
    assert "What was held out" in text and "loses a part" not in text


def test_an_unknown_trunk_is_a_warning(sequence_only):
    path = sequence_only / "sequence/evaluate/leakage.parquet"
    tables.write(path, "leakage", tables.read(path, "leakage").assign(fold="unknown", input_overlap=None))
    assert "It is not known what the trunk was trained on" in evaluation_page(Run(sequence_only))


def test_a_run_without_evaluation_has_no_page(sequence_only):
    shutil.rmtree(sequence_only / "sequence/evaluate")
    with pytest.raises(NoData, match="is not there"):
        evaluation_page(Run(sequence_only))
