"""Paths and look-ups of what scores and mutates: adapters, sets of variants, regions, reporter assays. Functions only."""


def scoring_names():
    """Names of the adapter runs that score variants."""
    named = SEQ.variants.adapter or SEQ_IN.scorers[:1]
    return [named] if isinstance(named, str) else named


def scoring_name():
    """What the evaluation calls them."""
    return "+".join(scoring_names())


def scoring_adapters():
    """The adapters (one per run and seed) that score variants."""
    return [path for name in scoring_names() for path in seeds_of(name)]


def scorers_folds_known():
    """Whether the study's folds are those that the scoring adapters were fitted by: its own, or windows were given."""
    elsewhere = set(scoring_names()) & set(SEQ_IN.given_adapters)
    return not elsewhere or SEQ_IN.published_windows is not None


def scorer_of(named):
    """The seeds of one adapter that scores: the one named, else the first that there is."""
    return [
        path
        for name in optional(named) or SEQ_IN.scorers[:1]
        for path in seeds_of(name)
    ]


def ism_adapters():
    """The adapters that read mutated regions."""
    return scorer_of(SEQ.ism.adapter)


def ism_settings(wildcards):
    """What mutating one region depends on: another region, or how the picture looks, computes nothing again."""
    own = settings(SEQ.ism)
    drawn = ("motifs", "seqlets", "picture")
    regions = {
        name: region
        for name, region in (own["regions"] or {}).items()
        if name == wildcards.region
    }
    rest = {key: value for key, value in own.items() if key not in drawn}
    return {**rest, "regions": regions}


def ism_picture_settings():
    """What pictures and seqlets depend on."""
    own = settings(SEQ.ism)
    return {key: own[key] for key in ("seqlets", "picture")}


def mpra_adapters():
    """The adapters that are compared with a reporter assay."""
    return scorer_of(SEQ.mpra.adapter) if SEQ.mpra else []


def mpra_settings():
    """What predicting an assay's changes depends on: how they are compared with the measured ones is nothing to it."""
    own = settings(SEQ.mpra) or {}
    compared = ("min_barcodes", "block", "bootstrap")
    return {key: value for key, value in own.items() if key not in compared}


def variant_scores():
    """The scores of every set of variants."""
    return [
        f"{SEQUENCE}/variants/{name}/scores.parquet" for name in SEQ_IN.variant_sets
    ]


def scoring_settings():
    """What effects depend on; which sets there are, and how their sites are chosen, is nothing to the effects."""
    sites = ("sets", "matched_null", *SITES_KEYS)
    return {
        key: value for key, value in settings(SEQ.variants).items() if key not in sites
    }


def part_settings(*more):
    """What predicting depends on, and ``more`` keys: how effects are gathered, or jobs shared, predicts none again."""
    gathered = [key for key in ("level", "cells", "jobs", "adapter") if key not in more]
    own = scoring_settings()
    return {key: own[key] for key in own if key not in gathered}


SITES_KEYS = ("max_length", "max_mismatch")


def sites_settings():
    """What is kept of a file of variants."""
    return {key: getattr(SEQ.variants, key) for key in SITES_KEYS}


def null_settings(wildcards):
    """How a null set is drawn, where it is."""
    drawn = SEQ_IN.variant_sets[wildcards.set].null_file is None
    return settings(SEQ.variants.matched_null) if drawn else None


def null_name(wildcards):
    """What a null set that is given is called."""
    return SEQ_IN.variant_sets[wildcards.set].null_name


def effect_parts(role, kind):
    """Input function: what the jobs that score the ``role`` of a set leave, in their order."""

    def parts(wildcards):
        return [
            f"{SEQUENCE}/variants/{wildcards.set}/parts/{role}.{part}.{kind}.parquet"
            for part in range(SEQ.variants.jobs)
        ]

    return parts


def variant_file(wildcards):
    """The variants of a set."""
    return SEQ_IN.variant_sets[wildcards.set].vcf


def null_file(wildcards):
    """The null set of a set, if it is a file."""
    return optional(SEQ_IN.variant_sets[wildcards.set].null_file)


def calibration_file(wildcards):
    """The measured effects of a set, if it has some."""
    return optional(SEQ_IN.variant_sets[wildcards.set].calibration)


def role_files(role, has):
    """Input functions of what a set may have beside its variants: its sites, and the effects of their parts."""

    def sites(wildcards):
        found = has(SEQ_IN.variant_sets[wildcards.set])
        return [f"{SEQUENCE}/variants/{wildcards.set}/{role}.parquet"] if found else []

    def parts(wildcards):
        return effect_parts(role, "effects")(wildcards) if sites(wildcards) else []

    return sites, parts


def has_null(given):
    """Whether p-values are asked for."""
    return bool(given.null)


def has_calibration(given):
    """Whether measured effects are given."""
    return bool(given.calibration)


null_sites, null_parts = role_files("null_sites", has_null)
calibration_sites, calibration_parts = role_files("calibration_sites", has_calibration)
calibration_effects, _ = role_files("calibration_effects", has_calibration)


def cell_base():
    """The adapter inside the trunk that the decoder for cells sits on: none for the bare trunk."""
    if not SEQ.cells or not SEQ.cells.adapter:
        return []
    return [
        f"{SEQUENCE}/adapt/{SEQ.cells.adapter}/seed{SEQ.adapt.seeds[0]}/adapter.safetensors"
    ]


def cell_scores(name):
    """Effects of a set in single cells, where they are asked for."""
    asked = SEQ.variants.cells and SEQ.cells
    return optional(asked and f"{SEQUENCE}/variants/{name}/cell_scores.parquet")


def variant_files_beside(wildcards):
    """What lies beside the page of a set, which links to it."""
    folder = f"{SEQUENCE}/variants/{wildcards.set}"
    names = ("gene_scores.parquet", "scores.vcf.gz", "scores.vcf.gz.tbi")
    return [*(f"{folder}/{name}" for name in names), *cell_scores(wildcards.set)]


def ism_files(endings):
    """What mutagenesis leaves of each region."""
    if CFG.sequence is None or not SEQ_IN.scorers:
        return []
    return [
        f"{SEQUENCE}/ism/{region}.{ending}"
        for region in SEQ_IN.ism_regions
        for ending in endings
    ]


def mpra_files(names):
    """What the comparison with a reporter assay leaves, where one is configured."""
    return [f"{SEQUENCE}/mpra/{name}" for name in names] if SEQ_IN.mpra else []


def pictures():
    """Pictures of the sequence branch that are no numbered figures."""
    return [*ism_files(("svg",)), *mpra_files(("scatter.svg",))]


def variants_pages():
    """The page to read for each set of variants."""
    if CFG.sequence is None or not SEQ_IN.scorers:
        return []
    return [f"{SEQUENCE}/variants/{name}/variants.html" for name in SEQ_IN.variant_sets]
