"""The genome world: what it writes is what real tools read, and its truth follows from its own rule."""

from collections import Counter
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pyBigWig
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presage import tables
from presage.config.genome_world import ISM_BP, GenomeWorld
from presage.errors import UserError
from presage.sequence.mutagenesis.meme import read_meme
from presage.sequence.mutagenesis.regions import read_bed
from presage.worlds.genome import grammar, layout, reads
from presage.worlds.genome.effects import true_effects
from presage.worlds.genome.expression import CLOSED
from presage.worlds.genome.truth import Truth, make_truth
from presage.worlds.genome.variants import _indel, nearest_free
from presage.worlds.genome_world import build

SEED = 3
SETTINGS = GenomeWorld.micro()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    build(SETTINGS, SEED, out)
    return out


@pytest.fixture(scope="module")
def truth() -> Truth:
    return make_truth(SETTINGS, SEED)


def _variants(path: Path) -> pd.DataFrame:
    with pysam.VariantFile(str(path)) as vcf:
        rows = [(r.chrom, r.start, r.ref, r.alts[0], len(r.info)) for r in vcf]
    return pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt", "info"])


def _alignments(world: Path, sample: str) -> list[pysam.AlignedSegment]:
    with pysam.AlignmentFile(str(world / "reads" / f"{sample}.bam")) as bam:
        return list(bam)


def test_same_seed_same_bytes_and_another_seed_others(world: Path, tmp_path: Path) -> None:
    build(SETTINGS, SEED, tmp_path / "again")
    files = sorted(p.relative_to(world) for p in world.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file())
    differ = [str(f) for f in files if (world / f).read_bytes() != (tmp_path / "again" / f).read_bytes()]
    assert differ == []
    assert make_truth(SETTINGS, SEED + 1).layout.sequence["chr1"].tobytes() != _sequence(world, "chr1").tobytes()


def _sequence(world: Path, chrom: str) -> np.ndarray:
    with pysam.FastaFile(str(world / "genome.fa")) as fasta:
        return layout.encode(fasta.fetch(chrom))


def test_every_promised_file_is_there(world: Path) -> None:
    listed = [row[key] for row in SETTINGS.sample_rows for key in ("path", "labels")]
    listed += [f"reads/{s}.bam.bai" for s in SETTINGS.samples] + [f"fragments/{s}.tsv.gz.tbi" for s in SETTINGS.samples]
    listed += ["genome.fa", "genes.gtf", "samples.tsv", "variants.vcf.gz", "variants.vcf.gz.tbi", "null.vcf.gz"]
    listed += ["ism.bed", "motifs.meme"]
    listed += ["truth/variants.parquet", "truth/genes.parquet", "truth/cells.parquet", "truth/motifs.parquet"]
    assert [path for path in listed if not (world / path).is_file()] == []


def test_sample_sheet_is_the_settings_rows(world: Path) -> None:
    sheet = pd.read_csv(world / "samples.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert sheet.to_dict("records") == SETTINGS.sample_rows


# ---- reads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SETTINGS.samples)
def test_counted_reads_of_labelled_cells_are_the_count_table(world: Path, sample: str) -> None:
    """Read with nothing but pysam: molecules per cell from xf 25 equal the h5ad's row sums."""
    counted = [r for r in _alignments(world, sample) if r.get_tag("xf") == reads.COUNTED]
    per_barcode = Counter(r.get_tag("CB") for r in counted)
    table = anndata.read_h5ad(world / "cells.h5ad")
    table = table[table.obs["sample"] == sample]
    sums = np.asarray(table.X.sum(axis=1)).ravel()
    assert [per_barcode[b] for b in table.obs["barcode"]] == sums.tolist()
    assert len({(r.get_tag("CB"), r.get_tag("UB")) for r in counted}) == len(counted)
    assert all(r.mapping_quality == 255 and not r.is_secondary for r in counted)


@pytest.mark.parametrize("sample", SETTINGS.samples)
def test_bam_is_sorted_indexed_and_matches_the_genome(world: Path, sample: str) -> None:
    aligned = _alignments(world, sample)
    places = [(r.reference_id, r.reference_start) for r in aligned]
    assert places == sorted(places)
    with pysam.FastaFile(str(world / "genome.fa")) as fasta:
        for read in aligned[::37]:
            blocks = (fasta.fetch(read.reference_name, a, b) for a, b in read.get_blocks())
            assert "".join(blocks) == read.query_sequence
    with pysam.AlignmentFile(str(world / "reads" / f"{sample}.bam")) as bam:
        assert sum(bam.count(chrom) for chrom in bam.references) == len(aligned)


def test_splices_are_the_introns_and_reads_are_sense(world: Path, truth: Truth) -> None:
    genes = truth.layout.genes
    introns = {
        (g.chrom, left, right, g.strand)
        for g in genes.itertuples()
        for left, right in zip(g.exon_ends[:-1], g.exon_starts[1:])
    }
    spliced = [r for r in _alignments(world, "donor1") if "N" in r.cigarstring]
    assert len(spliced) > 100
    for read in spliced:
        (_, left), (right, _) = read.get_blocks()
        assert (read.reference_name, left, right, "-" if read.is_reverse else "+") in introns


def test_read_shares_are_the_settings(world: Path) -> None:
    aligned = [r for s in SETTINGS.samples for r in _alignments(world, s)]
    primary = [r for r in aligned if not r.is_secondary]
    share = lambda test: np.mean([test(r) for r in primary])  # noqa: E731
    assert share(lambda r: r.mapping_quality < 255) == pytest.approx(SETTINGS.low_mapq_share, abs=0.01)
    assert share(lambda r: not r.has_tag("CB")) == pytest.approx(SETTINGS.no_barcode_share, abs=0.01)
    repeats, counted = share(lambda r: r.get_tag("xf") == 17), share(lambda r: r.get_tag("xf") == 25)
    assert repeats / (repeats + counted) == pytest.approx(SETTINGS.duplicate_share, abs=0.03)
    assert share(lambda r: r.is_duplicate) / repeats == pytest.approx(SETTINGS.same_position_share, abs=0.04)
    assert all(r.get_tag("xf") == 17 for r in primary if r.is_duplicate)
    assert len(aligned) > len(primary)


def test_spliced_and_low_quality_shares_are_near_a_real_bam(world: Path, real_data: Path) -> None:
    with pysam.AlignmentFile(str(real_data / "singlecell" / "bamtofastq_cr12-v1.bam"), check_sq=False) as bam:
        real = [r for r in bam if not r.is_unmapped and not r.is_secondary]
    ours = [r for r in _alignments(world, "donor1") if not r.is_secondary]
    for name, test, tolerance in (
        ("spliced", lambda r: "N" in r.cigarstring, 0.08),
        ("low MAPQ", lambda r: r.mapping_quality < 255, 0.02),
        ("no CB", lambda r: not r.has_tag("CB"), 0.02),
    ):
        assert np.mean([test(r) for r in ours]) == pytest.approx(np.mean([test(r) for r in real]), abs=tolerance), name


def test_a_barcode_can_be_two_cells(world: Path) -> None:
    obs = anndata.read_h5ad(world / "cells.h5ad", backed="r").obs
    assert obs.index.is_unique
    assert obs["barcode"].duplicated().sum() == SETTINGS.shared_barcodes
    assert set(obs["cell_type"]) == set(grammar.CELL_TYPES)


# ---- fragments and bulk ----------------------------------------------------------------------------------------


def test_fragments_are_sorted_inside_and_open_where_the_truth_is(world: Path, truth: Truth) -> None:
    path = str(world / "fragments" / "donor1.tsv.gz")
    with pysam.TabixFile(path) as tabix:
        assert list(tabix.contigs) == list(SETTINGS.chromosomes)
        rows = [line.split("\t") for line in tabix.fetch("chr1")]
    starts, ends = (np.array([int(r[i]) for r in rows]) for i in (1, 2))
    assert (np.diff(starts) >= 0).all()
    assert (starts >= 0).all() and (ends > starts).all() and (ends <= SETTINGS.chromosomes["chr1"]).all()
    assert {len(r) for r in rows} == {5}
    openness = truth.expectation.activity["chr1"].mean(axis=0)
    cuts = np.bincount(np.concatenate([starts, ends - 1]) // grammar.GRID, minlength=len(openness))
    top = openness > 0.3
    assert cuts[top].mean() > 4 * cuts[openness < 0.01].mean()


def test_bulk_tracks_follow_the_mixtures(world: Path, truth: Truth) -> None:
    listed = pd.read_csv(world / "bulk" / "tracks.tsv", sep="\t")
    assert list(listed.columns) == ["assay", "tissue", "strand", "path"]
    assert listed["path"].is_unique and set(listed["strand"]) == {"+", "-", "."}
    genes = truth.layout.genes
    assert (listed[listed["assay"] == "rna"].groupby("tissue").size() == 2).all()
    for row in listed.itertuples():
        with pyBigWig.open(str(world / "bulk" / row.path)) as bw:
            assert bw.chroms() == SETTINGS.chromosomes
            if row.assay == "rna":
                depth = {
                    s: sum(np.nansum(bw.values(g.chrom, g.start, g.end, numpy=True)) for g in part.itertuples())
                    for s, part in genes.groupby("strand")
                }
                assert depth[row.strand] > 10 * depth["-" if row.strand == "+" else "+"]


def test_gtf_reads_back_as_the_genes(world: Path, truth: Truth) -> None:
    with (world / "genes.gtf").open() as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    genes = [r for r in rows if r[2] == "gene"]
    table = truth.layout.genes
    assert [int(r[3]) - 1 for r in genes] == table["start"].tolist()
    assert [int(r[4]) for r in genes] == table["end"].tolist()
    assert len([r for r in rows if r[2] == "exon"]) == table["exon_starts"].str.len().sum()
    assert all('gene_id "' in r[8] and ".1" in r[8] and 'gene_name "' in r[8] for r in rows)


# ---- variants --------------------------------------------------------------------------------------------------


def test_variant_numbers_are_exact_and_sets_disjoint(world: Path) -> None:
    scored, null = _variants(world / "variants.vcf.gz"), _variants(world / "null.vcf.gz")
    assert len(scored) == SETTINGS.causal_variants + SETTINGS.control_variants
    assert len(null) == SETTINGS.null_variants
    assert set(zip(scored["chrom"], scored["pos"])).isdisjoint(zip(null["chrom"], null["pos"]))
    assert scored["info"].sum() == 0
    effects = tables.read(world / "truth" / "variants.parquet", "truth_variants").drop_duplicates("variant")
    assert effects["kind"].value_counts().to_dict() == {
        "causal": SETTINGS.causal_variants,
        "control": SETTINGS.control_variants,
        "null": SETTINGS.null_variants,
    }
    decoys = effects.groupby("kind")["decoy"].mean()
    assert decoys["causal"] == 0
    assert decoys["control"] == pytest.approx(0.5, abs=0.1) and decoys["null"] == pytest.approx(0.5, abs=0.1)
    named = {f"{v.chrom}:{v.pos + 1}:{v.ref}:{v.alt}" for v in pd.concat([scored, null]).itertuples()}
    assert named == set(effects["variant"])


def test_ref_alleles_are_the_genome_and_indels_are_left_aligned(world: Path) -> None:
    variants = _variants(world / "variants.vcf.gz")
    indels = variants["ref"].str.len() != variants["alt"].str.len()
    assert 0 < indels.mean() < 0.3
    with pysam.FastaFile(str(world / "genome.fa")) as fasta:
        for v in variants.itertuples():
            assert fasta.fetch(v.chrom, v.pos, v.pos + len(v.ref)) == v.ref != v.alt
    for v in variants[indels].itertuples():
        assert v.ref[0] == v.alt[0] and v.ref[-1] != v.alt[-1]


def test_effects_are_the_rule_on_alt_against_ref(world: Path, truth: Truth) -> None:
    """Recomputed over whole chromosomes, not through the windows that the world itself used."""
    table = tables.read(world / "truth" / "variants.parquet", "truth_variants")
    atac = table[(table["assay"] == "atac") & (table["kind"] == "causal")]
    checked = 0
    for name in atac["variant"].unique():
        chrom, pos, ref, alt = name.split(":")
        if len(ref) != len(alt) or chrom != "chr3":
            continue
        codes = truth.layout.sequence[chrom]
        changed = codes.copy()
        changed[int(pos) - 1] = "ACGT".index(alt)
        both = grammar.oracle(np.stack([codes, changed]), truth.rule)
        first = (int(pos) - 1) // grammar.GRID - 32
        local = both[:, :, first : first + 64].sum(axis=2) + 0.04 * 64
        expected = atac[atac["variant"] == name].set_index("cell_type")["effect_log2"]
        assert np.log2(local[1] / local[0]) == pytest.approx(expected[list(grammar.CELL_TYPES)].to_numpy(), abs=1e-3)
        outside = np.abs(both[1] - both[0])
        outside[:, first : first + 64] = 0
        assert outside.max() == 0
        checked += 1
    assert checked > 3


def test_causal_and_control_effects_keep_their_bounds(world: Path) -> None:
    table = tables.read(world / "truth" / "variants.parquet", "truth_variants")
    largest = table.assign(size=table["effect_log2"].abs()).groupby(["kind", "variant"])["size"].max()
    assert largest["causal"].min() >= SETTINGS.min_effect_log2
    assert largest[["control", "null"]].max() <= SETTINGS.max_control_effect_log2


def test_wrong_ref_is_refused(truth: Truth) -> None:
    base = layout.decode(truth.layout.sequence["chr1"][[2000]])
    wrong = pd.DataFrame({"chrom": ["chr1"], "pos": [2000], "ref": ["ACGT".replace(base, "")[0]], "alt": [base]})
    with pytest.raises(ValueError, match="REF"):
        true_effects(wrong, truth)


def test_too_many_variants_are_a_user_error(tmp_path: Path) -> None:
    greedy = SETTINGS.model_copy(update={"causal_variants": 5000})
    with pytest.raises(UserError, match="causal variants of one fold do not fit"):
        build(greedy, SEED, tmp_path)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_indels_rebuild_one_of_the_possible_haplotypes(seed: int) -> None:
    """Left alignment moves the record, not the haplotype: only bases of [low, high) are lost or new."""
    rng = np.random.default_rng(seed)
    sequence = rng.integers(0, 2, 60).astype(np.uint8)  # two letters: many repeats
    change = _indel(sequence, 30, 39, rng)
    text, pos = layout.decode(sequence), change["pos"]
    assert text[pos : pos + len(change["ref"])] == change["ref"]
    haplotype = text[:pos] + change["alt"] + text[pos + len(change["ref"]) :]
    assert haplotype.startswith(text[:30]) and haplotype.endswith(text[39:])
    assert 1 <= abs(len(haplotype) - 60) <= 4


def test_matching_takes_the_nearest_and_none_twice() -> None:
    candidates = np.array([[0.0], [1.0], [2.0], [10.0]])
    chosen = nearest_free(np.array([[0.1], [9.0]]), candidates, 4, np.random.default_rng(0))
    assert sorted(chosen) == [0, 1, 2, 3]
    assert set(chosen[:2]) == {0, 3}


# ---- grammar ---------------------------------------------------------------------------------------------------


def test_oracle_does_not_care_for_the_strand(truth: Truth) -> None:
    window = truth.layout.sequence["chr1"][4096 : 4096 + 4000][None]
    forward, backward = truth.rule(window), truth.rule(3 - window[:, ::-1])[:, :, ::-1]
    # An even-width site's centre lies between two bases, so the strands may differ by one grid step.
    assert np.corrcoef(forward.ravel(), backward.ravel())[0, 1] > 0.97


def test_decoy_sites_do_nothing_and_active_ones_do(truth: Truth) -> None:
    rng = np.random.default_rng(0)
    background = rng.integers(0, 4, (1, 800)).astype(np.uint8)
    for motif in truth.layout.motifs:
        planted = background.copy()
        for at in (340, 370, 400, 430):
            planted[0, at : at + motif.width] = motif.consensus
        change = np.abs(truth.rule(planted) - truth.rule(background)).max()
        assert change < 0.1 if motif.decoy or motif.name == grammar.REPRESSOR else change > 0.3, motif.name


def test_windows_with_n_or_out_of_phase_are_refused(truth: Truth) -> None:
    for bad in (np.full((1, 80), 4, np.uint8), np.zeros((1, 81), np.uint8)):
        with pytest.raises(ValueError, match="multiple"):
            truth.rule(bad)


def test_rare_type_has_a_factor_that_bulk_hardly_sees(truth: Truth) -> None:
    from presage.worlds.genome.bulk import TISSUES

    means = truth.rule.states.type_means() @ truth.rule.states.activity
    raf = means[:, grammar.FACTORS.index("RAF")]
    assert raf.argmax() == grammar.CELL_TYPES.index("rare")
    assert (np.array(list(TISSUES.values())) @ raf).max() < 0.1 * raf.max()
    assert np.allclose(np.array(list(TISSUES.values())).sum(axis=1), 1)


def test_gradient_moves_expression_within_a_type(truth: Truth) -> None:
    """Only of the types that have one, and most for genes that the scaled factor drives."""
    states, expression = truth.rule.states, truth.expectation.expression
    for number, cell_type in enumerate(grammar.CELL_TYPES):
        own = np.flatnonzero(states.cell_type == number)
        assert len(own) == (len(grammar.GRADIENT_LEVELS) if cell_type in grammar.GRADIENTS else 1)
        assert (np.diff(states.gradient[own]) > 0).all()
        fold = np.abs(np.log2(expression[own[-1]] / expression[own[0]]))
        if cell_type in grammar.GRADIENTS:
            assert fold.max() > 0.5 > np.median(fold)


def test_a_world_without_gradient_has_alike_cells() -> None:
    states = make_truth(SETTINGS.model_copy(update={"gradient": 0.0}), SEED).rule.states
    for number in range(len(grammar.CELL_TYPES)):
        own = states.activity[states.cell_type == number]
        assert (own == own[0]).all()


def test_hard_is_harder() -> None:
    hard = make_truth(SETTINGS.model_copy(update={"difficulty": "hard"}), SEED)
    standard = make_truth(SETTINGS, SEED)
    for name in ("chr1", "chr3"):
        assert hard.expectation.activity[name].mean() != standard.expectation.activity[name].mean()
    information = [np.mean([m.probabilities.max(axis=1).mean() for m in t.layout.motifs]) for t in (hard, standard)]
    assert information[0] < information[1]


# ---- what the world gives to mutagenesis ------------------------------------------------------------------------


def test_motifs_are_those_of_the_truth(world: Path) -> None:
    truth = tables.read_meta(world / "truth" / "motifs.parquet")["pwms"]
    read = {motif.name: motif.probabilities for motif in read_meme(world / "motifs.meme")}
    assert set(read) == set(truth)
    for name, probabilities in read.items():
        np.testing.assert_allclose(probabilities, truth[name], atol=1e-5)


def test_the_region_lies_around_the_enhancer_site_whose_loss_does_most(world: Path, truth: Truth) -> None:
    place = read_bed(world / "ism.bed", "planted")
    assert place.chrom in SETTINGS.folds["test"] and place.end - place.start == ISM_BP
    sites = tables.read(world / "truth" / "motifs.parquet", "truth_motifs")
    here = sites["chrom"].isin(SETTINGS.folds["test"]) & ~sites["decoy"] & (sites["element_kind"] == "enhancer")
    losses = []
    for site in sites[here].to_dict("records"):
        low = site["start"] // grammar.GRID * grammar.GRID - 480
        before = truth.layout.sequence[site["chrom"]][low : low + 960]
        after = before.copy()
        own = slice(site["start"] - low, site["end"] - low)
        after[own] = layout.encode(layout.decode(before[own]).translate(str.maketrans("ACGT", "GTAC")))
        activity = grammar.oracle(np.stack([before, after]), truth.rule)[:, :, 28:92]  # 512 bp, as effects are read
        sums = activity.sum(axis=2) + CLOSED * 64
        losses.append((np.log2(sums[1] / sums[0]).min(), site))
    _, best = min(losses, key=lambda loss: loss[0])
    assert (place.chrom, place.start) == (best["chrom"], (best["start"] + best["end"] - ISM_BP) // 2)


# ---- settings --------------------------------------------------------------------------------------------------


def test_settings_refuse_what_makes_no_world() -> None:
    for wrong in (
        {"samples": ("a", "a")},
        {"chromosome_kb": (100, 10, 100)},
        {"max_control_effect_log2": 0.5},
        {"no_such_key": 1},
    ):
        with pytest.raises(ValueError):
            GenomeWorld(**wrong)


def test_folds_name_every_chromosome_once() -> None:
    folds = GenomeWorld().folds
    assert sorted(name for names in folds.values() for name in names) == sorted(GenomeWorld().chromosomes)
    assert folds["test"] == ["chr4"] and folds["valid"] == ["chr3"]
