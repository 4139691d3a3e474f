"""Tables of what is true in the built-in worlds: rows of "column type unit meaning" as in ``sequence``."""

TABLES = {
    "truth_variants": """
        variant str - chrom:pos:ref:alt as in the VCF (1-based)
        kind str - causal, control or null
        decoy bool - lies in a motif that no factor reads
        motif str? - planted motif that it hits
        fold str - train, valid or test chromosome
        assay str - rna or atac
        cell_type str - label
        gene str? - the gene whose expression changes most (rna)
        effect_log2 f64 log2 the oracle's ALT over REF""",
    "truth_genes": """
        gene_id str - identifier without version
        cell_type str - label
        cpm f64 1/1e6 expected share of the type's molecules
        drive f64 - activity of promoter and enhancers
        strength f64 - factor of this gene that no sequence explains""",
    "truth_cells": """
        cell str - sample and barcode
        sample str - row of the sample sheet
        barcode str - as in the reads
        cell_type str - label
        gradient f64 - place along the type's gradient, 0 to 1 (0.5 where it has none)
        rna_depth f64 molecules expected number
        atac_depth f64 fragments expected number""",
    "truth_motifs": """
        motif str - name
        decoy bool - no factor reads it
        chrom str - contig
        start i64 bp first base
        end i64 bp one past the last
        strand str - + or -
        element i64 - number of its element
        element_centre i64 bp of that element
        element_kind str - promoter or enhancer
        gene str - gene that the element was planted for""",
}
