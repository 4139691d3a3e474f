"""Evaluation of adapters: every number recomputed the plain way from whole arrays, and its bookkeeping."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from presage import tables
from presage.sequence.evaluation.baselines import Baseline, baselines, mean_of_types
from presage.sequence.evaluation.ceilings import ceilings
from presage.sequence.evaluation.examples import example
from presage.sequence.evaluation.genes import MEAN_OF_TYPES, locate
from presage.sequence.evaluation.measured import Measured
from presage.sequence.evaluation.tracks import evaluate_tracks
from presage.sequence.targets.scaling import Scale
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import track_info
from tests.unit.sequence.variants.cases import SHAPE, SLUGS, TRACKS, small_model

BIN, BINS, CROP = SHAPE.bin_size, SHAPE.out_bins, SHAPE.crop * SHAPE.bin_size
TYPES = ["a", "b", "c"]
SLUGS3 = [f"{t}_rna{s}" for t in TYPES for s in "+-"] + ["a_atac"]
TRACKS3 = pd.DataFrame(
    {
        "slug": SLUGS3,
        "cell_type": [t for t in TYPES for _ in "+-"] + ["a"],
        "assay": ["rna"] * 6 + ["atac"],
        "strand": ["+", "-"] * 3 + ["."],
    }
)


def study(folder, seed=0, windows=6):
    """Test windows side by side from base 0 on, genes whose exons cross bins and windows, and two other windows."""
    rng = np.random.default_rng(seed)
    span = BIN * BINS
    out = np.r_[np.arange(windows) * span, 5000, 6000]
    frame = pd.DataFrame(
        {
            "window": np.arange(len(out)),
            "chrom": "chr1",
            "start": out - CROP,
            "end": out + span + CROP,
            "out_start": out,
            "out_end": out + span,
            "fold": ["test"] * windows + ["train", "valid"],
            "padded": 0,
        }
    )
    values = rng.gamma(0.5, 2, (len(out), BINS, len(SLUGS3))).astype(np.float32)
    sequence = rng.integers(0, 5, (len(out), SHAPE.context)).astype(np.uint8)
    targets = TargetSet.write(
        folder / "targets.zarr",
        values,
        frame,
        SLUGS3,
        BIN,
        "none",
        sequence=sequence,
        strand_pair=[1, 0, 3, 2, 5, 4, 6],
        simulated=True,
    )
    rows = []
    for i in range(30):
        start = int(rng.integers(0, windows * span - 80))
        exons = [(start, start + 13), (start + 40, start + 40 + int(rng.integers(1, 39)))]
        rows.append(
            {
                "gene_id": f"g{i}",
                "chrom": "chr1",
                "start": start,
                "end": exons[-1][1],
                "strand": "+-"[i % 2],
                "exon_starts": [a for a, _ in exons],
                "exon_ends": [b for _, b in exons],
                "fold": "test" if i else "train",
            }
        )
    return targets, values, pd.DataFrame(rows)


def three_type_model(seed):
    model = small_model(seed)
    model.tracks = list(SLUGS3)
    model.strand_pair = np.array([1, 0, 3, 2, 5, 4, 6])
    torch.manual_seed(seed)
    model.head.linear = torch.nn.Linear(SHAPE.width, len(SLUGS3))
    return model


def plain_gene_matrix(values, genes, scale):
    """[gene, type] summed sense coverage of the bins that touch exons, base by base."""
    out = np.zeros((len(genes), len(TYPES)))
    for g, gene in enumerate(genes.itertuples()):
        bases = {b for a, e in zip(gene.exon_starts, gene.exon_ends) for b in range(a, e)}
        for t, kind in enumerate(TYPES):
            column = SLUGS3.index(f"{kind}_rna{gene.strand}")
            for b in {base // BIN for base in bases}:  # test windows lie side by side from 0 on
                if b < 6 * BINS:
                    out[g, t] += values[b // BINS, b % BINS, column] * scale.get(SLUGS3[column], 1)
    return out


def get(table, metric, model, group="all", seed=None):
    rows = table[(table["metric"] == metric) & (table["model"] == model) & (table["group"] == group)]
    rows = rows[rows["seed"].isna()] if seed is None else rows[rows["seed"] == seed]
    assert len(rows) == 1, (metric, model, group, seed)
    return rows.iloc[0]


def test_numbers_equal_the_plain_way(tmp_path):
    targets, values, genes = study(tmp_path)
    models = {("lora", 1): three_type_model(1), ("lora", 2): three_type_model(2), ("probe", 1): three_type_model(3)}
    scale = {"a_rna+": 4.0, "b_rna-": 0.5}
    measured = Measured.of(SLUGS3, targets, TRACKS3, genes, "test", divided_by=scale, batch_size=4)
    table = evaluate_tracks(((n, seed, model) for (n, seed), model in models.items()), measured, resamples=200)
    tables.write(tmp_path / "m.parquet", "metrics", table)
    assert table["simulated"].all() and (table["split"] == "test").all()
    test = genes[genes["fold"] == "test"]
    cpm = lambda counts: np.log1p(1e6 * counts / counts.sum(0))  # noqa: E731
    obs = cpm(plain_gene_matrix(values, test, scale))
    with torch.no_grad():
        for (name, seed), model in models.items():
            pred = model(torch.from_numpy(targets.onehot(np.arange(6)))).numpy()
            r = [stats.pearsonr(pred[..., t].ravel(), values[:6, :, t].ravel()).statistic for t in range(7)]
            for slug, value in zip(SLUGS3, r):
                assert get(table, "bin_pearson", name, slug, seed)["value"] == pytest.approx(value, abs=1e-5)
            assert get(table, "bin_pearson", name, seed=seed)["value"] == pytest.approx(np.mean(r), abs=1e-5)
            level = cpm(plain_gene_matrix(pred, test, scale))
            rho = [stats.spearmanr(pred[..., t].ravel(), values[:6, :, t].ravel()).statistic for t in range(7)]
            assert get(table, "bin_spearman", name, SLUGS3[2], seed)["value"] == pytest.approx(rho[2], abs=1e-6)
            assert get(table, "bin_spearman", name, seed=seed)["value"] == pytest.approx(np.mean(rho), abs=1e-6)
            by_type = [stats.pearsonr(level[:, t], obs[:, t]).statistic for t in range(3)]
            ranked = stats.spearmanr(level[:, 1], obs[:, 1]).statistic
            assert get(table, "gene_spearman", name, "b", seed)["value"] == pytest.approx(ranked, abs=1e-6)
            own = [m[:, 1] - m.mean(1) for m in (level, obs)]
            centred = stats.pearsonr(*own).statistic
            assert get(table, "gene_centred_r", name, "b", seed)["value"] == pytest.approx(centred, abs=1e-3)
            across_rho = [stats.spearmanr(level[g], obs[g]).statistic for g in range(len(test))]
            assert get(table, "across_types_rho", name, seed=seed)["value"] == pytest.approx(np.mean(across_rho))
            assert get(table, "gene_pearson", name, "b", seed)["value"] == pytest.approx(by_type[1], abs=1e-4)
            assert get(table, "gene_pearson", name, seed=seed)["value"] == pytest.approx(np.mean(by_type), abs=1e-4)
            across = [stats.pearsonr(level[g], obs[g]).statistic for g in range(len(test))]
            assert get(table, "across_types_r", name, seed=seed)["value"] == pytest.approx(np.mean(across), abs=1e-3)
            c = lambda m: m - m.mean(1, keepdims=True)  # noqa: E731
            skill = 1 - ((c(level) - c(obs)) ** 2).sum() / (c(obs) ** 2).sum()
            assert get(table, "skill", name, seed=seed)["value"] == pytest.approx(skill, abs=1e-4)
    lora, probe = get(table, "bin_pearson", "lora"), get(table, "bin_pearson", "probe")
    seeds = [get(table, "bin_pearson", "lora", seed=s)["value"] for s in (1, 2)]
    assert lora["value"] == pytest.approx(np.mean(seeds)) and lora["n"] == 6
    difference = get(table, "bin_pearson_difference", "lora")
    assert difference["value"] == pytest.approx(lora["value"] - probe["value"])
    assert difference["ci_low"] < difference["value"] < difference["ci_high"] and "minus probe" in difference["note"]
    assert table[table["model"] == "probe"]["metric"].str.endswith("_difference").sum() == 0


def test_a_perfect_model_and_the_baseline(tmp_path, monkeypatch):
    """Predictions equal to the measurement give 1 everywhere; the mean of types has no across-type r and skill 0."""
    targets, values, genes = study(tmp_path)
    model = three_type_model(1)
    by_bytes = {targets.sequence([i])[0].tobytes(): values[i] for i in range(len(values))}
    paint = lambda m, codes: torch.from_numpy(np.stack([by_bytes[row.tobytes()] for row in codes]))  # noqa: E731
    monkeypatch.setattr("presage.sequence.evaluation.measured.predict", paint)
    measured = Measured.of(SLUGS3, targets, TRACKS3, genes, "test")
    mean = {MEAN_OF_TYPES: Baseline(mean_of_types(measured))}
    table = evaluate_tracks([("lora", 1, model)], measured, baselines=mean, resamples=100)
    for metric in ("bin_pearson", "gene_pearson", "across_types_r", "skill"):
        row = get(table, metric, "lora")
        assert row["value"] == pytest.approx(1) and row["ci_low"] == pytest.approx(1)
    assert np.isnan(get(table, "across_types_r", MEAN_OF_TYPES)["value"])
    assert "undefined" in get(table, "across_types_r", MEAN_OF_TYPES)["note"]
    assert get(table, "skill", MEAN_OF_TYPES)["value"] == 0
    assert 0.3 < get(table, "bin_pearson", MEAN_OF_TYPES)["value"] < 1
    assert get(table, "bin_pearson", MEAN_OF_TYPES, "a_atac", 0)["value"] == pytest.approx(
        1
    )  # a type alone is its own mean


def test_models_in_another_order_of_tracks_are_refused(tmp_path):
    targets, _, genes = study(tmp_path)
    other = three_type_model(2)
    other.tracks = SLUGS3[::-1]
    with pytest.raises(ValueError, match="tracks are not those"):
        measured = Measured.of(SLUGS3, targets, TRACKS3, genes, "test")
        evaluate_tracks([("a", 1, three_type_model(1)), ("b", 1, other)], measured, resamples=100)
    with pytest.raises(ValueError, match="targets lack"):
        Measured.of(SLUGS, targets, TRACKS, genes, "test")


def test_targets_may_hold_more_tracks_in_another_order(tmp_path):
    targets, values, _ = study(tmp_path)
    model = small_model(1)
    model.tracks, model.strand_pair = ["c_rna-", "c_rna+", "b_rna+", "b_rna-", "a_atac", "a_rna+"], np.arange(6)
    table = evaluate_tracks([("x", 1, model)], Measured.of(model.tracks, targets, TRACKS3, None, "test"), resamples=100)
    with torch.no_grad():
        pred = model(torch.from_numpy(targets.onehot(np.arange(6)))).numpy()
    expected = stats.pearsonr(pred[..., 1].ravel(), values[:6, :, SLUGS3.index("c_rna+")].ravel()).statistic
    assert get(table, "bin_pearson", "x", "c_rna+", 1)["value"] == pytest.approx(expected, abs=1e-5)
    assert not table["metric"].str.startswith("gene").any()


def test_genes_of_other_folds_and_unstranded_tracks():
    windows = pd.DataFrame({"chrom": ["c"], "out_start": [100], "out_end": [164]})
    gene = {"chrom": "c", "start": 90, "end": 130, "exon_starts": [90, 128], "exon_ends": [101, 130]}
    genes = pd.DataFrame([gene | {"strand": "-", "fold": "test"}, gene | {"strand": "+", "fold": "valid"}])
    info = track_info(
        ["x", "y"], pd.DataFrame({"slug": ["x", "y"], "cell_type": ["x", "y"], "assay": "rna", "strand": "."})
    )
    found = locate(genes, windows, info, 8, "test")
    assert found.bins[0].tolist() == [[0, 0], [0, 3]] and found.columns.tolist() == [
        [0, 1]
    ]  # the bins of 100 and 128-129
    assert locate(genes, windows, info, 8, "train") is None
    assert locate(genes, windows, info.assign(assay="atac"), 8, "test") is None


def test_no_model_no_rows(tmp_path):
    targets, _, genes = study(tmp_path)
    assert evaluate_tracks([], Measured.of(SLUGS3, targets, TRACKS3, genes, "test")).empty


def test_ceilings_from_the_pseudobulk():
    qc = {
        "x": {"halved_by": "donor", "noise_ceiling": {"test": 0.9}},
        "y": {"halved_by": "cell", "noise_ceiling": {"test": None}},
    }
    table = ceilings(qc, ["x", "y"], True)
    assert get(table, "noise_ceiling", "measured", "x")["value"] == 0.9
    assert np.isnan(get(table, "noise_ceiling", "measured", "y")["value"])
    assert get(table, "noise_ceiling", "measured")["value"] == 0.9


def test_example_window(tmp_path):
    targets, values, _ = study(tmp_path)
    model = three_type_model(1)
    frame = example(model, targets)
    window = frame["window"].unique()
    assert len(window) == 1 and window[0] < 6
    part = frame[frame["track"] == "b_rna-"]
    np.testing.assert_array_equal(part["observed"], values[window[0], :, SLUGS3.index("b_rna-")])
    assert part["bin"].tolist() == list(range(BINS)) and SLUGS != SLUGS3


def test_genes_are_summed_on_coverage_where_the_set_was_squashed(tmp_path):
    plain, values, genes = study(tmp_path / "plain")
    assays = ["rna"] * 6 + ["atac"]
    scale = Scale.by_assay(assays, {"rna": "power_3_4"}, {"rna": 2.0}, {}, divided_by=3.0)
    squashed = TargetSet.write(
        tmp_path / "squashed.zarr",
        scale.forward(values),
        plain.windows,
        SLUGS3,
        BIN,
        scale.note,
        sequence=plain.sequence(range(len(plain))),
        strand_pair=plain.strand_pair.tolist(),
        scale=scale,
    )
    model = three_type_model(1)
    measured = Measured.of(SLUGS3, squashed, TRACKS3, genes, "test", batch_size=4)
    table = evaluate_tracks([("lora", 1, model)], measured, resamples=20)
    test = genes[genes["fold"] == "test"]
    cpm = lambda counts: np.log1p(1e6 * counts / counts.sum(0))  # noqa: E731
    with torch.no_grad():
        pred = scale.inverse(model(torch.from_numpy(squashed.onehot(np.arange(6)))).numpy().astype(np.float64))
    obs, level = cpm(plain_gene_matrix(values, test, {})), cpm(plain_gene_matrix(pred, test, {}))
    for t, kind in enumerate(TYPES):
        expected = stats.pearsonr(level[:, t], obs[:, t]).statistic
        assert get(table, "gene_pearson", "lora", kind, 1)["value"] == pytest.approx(expected, abs=1e-4)


def test_a_recorded_division_counts_as_the_one_that_is_told(tmp_path):
    plain, values, genes = study(tmp_path / "plain")
    divided_by = np.arange(1.0, 8.0)
    scale = Scale(("none",) * 7, np.ones(7), np.full(7, np.inf), np.full(7, np.inf), divided_by)
    kept = {"sequence": plain.sequence(range(len(plain))), "strand_pair": plain.strand_pair.tolist()}
    model, told = three_type_model(1), dict(zip(SLUGS3, divided_by.tolist()))
    results = []
    for name, known in (("told", None), ("recorded", scale)):
        data = TargetSet.write(tmp_path / name, values, plain.windows, SLUGS3, BIN, "x", scale=known, **kept)
        measured = Measured.of(SLUGS3, data, TRACKS3, genes, "test", batch_size=4, divided_by=told)
        results.append(evaluate_tracks([("lora", 1, model)], measured, resamples=20))
    pd.testing.assert_frame_equal(*results)


def test_one_cell_type_has_nothing_across(tmp_path):
    """Metrics across types are null with the reason; those within the type are numbers."""
    targets, _, genes = study(tmp_path)
    model = small_model(1)
    model.tracks, model.strand_pair = ["a_rna+", "a_rna-"], np.array([1, 0])
    model.head.linear = torch.nn.Linear(SHAPE.width, 2)
    measured = Measured.of(model.tracks, targets, TRACKS3, genes, "test")
    assert set(baselines(measured)) == {MEAN_OF_TYPES}  # no other type could stand in
    table = evaluate_tracks([("x", 1, model)], measured, resamples=50)
    for metric in ("across_types_r", "across_types_rho", "skill", "gene_centred_r"):
        (row,) = table[table["metric"] == metric].itertuples()
        assert np.isnan(row.value) and "one cell type" in row.note
    assert np.isfinite(get(table, "gene_pearson", "x")["value"])


def test_a_track_without_variation_is_null_and_says_so(tmp_path):
    targets, values, _ = study(tmp_path)
    values[:, :, 6] = 0.25
    frame = targets.windows
    flat = TargetSet.write(
        tmp_path / "flat", values, frame, SLUGS3, BIN, "x", sequence=targets.sequence(range(len(frame)))
    )
    table = evaluate_tracks([("x", 1, three_type_model(1))], Measured.of(SLUGS3, flat, TRACKS3, None, "test"))
    for metric in ("bin_pearson", "bin_spearman"):
        row = get(table, metric, "x", "a_atac", 1)
        assert np.isnan(row["value"]) and row["note"] == "a side does not vary"
        assert np.isfinite(get(table, metric, "x")["value"])  # the mean is over the others
