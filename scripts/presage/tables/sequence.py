"""Tables of the sequence branch: table -> rows of "column type unit meaning"; a type that ends in "?" may be null."""

TABLES = {
    "genes": """
        gene_id str - identifier without version
        name str - symbol, or the identifier where there is none
        chrom str - contig
        start i64 bp first base of the gene
        end i64 bp one past the last base
        strand str - + or -
        tss i64 bp transcription start
        exon_starts list_i64 bp starts of the merged exons
        exon_ends list_i64 bp ends of the merged exons
        fold str - train, valid, test or outside: the window fold that holds the gene's body""",
    "windows": """
        window i32 - row number
        chrom str - contig
        start i64 bp first base of the model's input; may be negative (padded with N)
        end i64 bp one past the last input base; may pass the contig's end (padded with N)
        out_start i64 bp first base that is predicted
        out_end i64 bp one past the last predicted base
        fold str - train, valid or test
        padded i64 bp input bases that lie outside the contig""",
    "blacklist": """
        chrom str - contig
        start i64 bp first base of a region whose coverage is an artefact
        end i64 bp one past the last base; regions are disjoint and in genome order""",
    "cells": """
        cell str - sample and barcode, unique in the study
        barcode str - as in the reads
        sample str - row of the sample sheet
        donor str - whose cell it is
        condition str - state or treatment
        tissue str - where it was taken from
        cell_type str? - label
        reads i64 reads RNA reads that were used
        umis i64 molecules distinct molecules
        fragments i64 fragments ATAC fragments that were used
        used bool - enters a track
        reason str? - why it does not""",
    "cell_embeddings": """
        cell str - sample and barcode, unique in the study
        sample str - row of the sample sheet
        barcode str - as in the labels
        cell_type str - label
        umis i64 molecules molecules in genes of the reference
        held_out bool - never entered the embedding or the fit
        embedding list_f32 - position among the cells""",
    "cell_qc": """
        sample str - row of the sample sheet
        barcode str - as in the reads
        umis i64 molecules molecules in genes
        genes i64 genes genes with a molecule
        mito f64 share molecules in genes named MT-... or mt-...
        doublet_score f64? - Scrublet's, 0 to 1; null where none was made
        kept bool - was clustered
        reason str? - why it was not
        cluster str? - as in the labels""",
    "markers": """
        cluster str - as in the labels
        rank i32 - 1 is the strongest marker
        gene_id str - identifier
        name str - symbol
        score f64 - Wilcoxon rank-sum z-score against all other cells
        log2_fold f64 log2 fold change of mean expression
        p f64 - of the rank-sum test
        q f64 - Benjamini-Hochberg over genes
        share_in f64 share cells of the cluster with the gene
        share_out f64 share other cells with the gene""",
    "tracks": """
        slug str - name that is safe in a path
        name str - as shown
        assay str - rna or atac
        cell_type str - label
        strand str - +, - or . (not stranded)
        genome str - reference that the reads were aligned to
        cells i64 cells cells that were pooled
        reads i64 reads reads or fragments that were used
        umis i64 molecules distinct molecules (0 for atac)
        depth f64 1/bp mean depth over the genome
        kept bool - written and trained on
        reason str? - why it was not kept""",
    # What one job takes out of one sample; see presage.sequence.pseudobulk.parts.
    "part_depth": """
        lane i32 - group of cells, strand, half and class; see presage.sequence.pseudobulk.steps
        position i32 bp base from which the depth differs
        step i32 reads by how much""",
    "part_genes": """
        group i32 - group of cells
        gene_id str - identifier
        name str - symbol
        molecules i64 molecules in the gene""",
    "part_cells": """
        barcode str - as in the reads
        labelled bool - is a cell
        counted i64 reads that pass all but the collapse of molecules
        reads i64 reads RNA reads that were used
        umis i64 molecules distinct molecules
        fragments i64 fragments ATAC fragments that were used""",
    "part_labels": """
        barcode str - as in the labels
        cell_type str? - label
        donor str - whose cell it is
        condition str - state or treatment
        tissue str - where it was taken from
        read_barcode str? - as in the reads; null where it cannot be told""",
    "history": """
        epoch i32 epochs passes over the training windows
        step i64 steps optimiser steps so far
        split str - train or valid
        loss f64 - training loss, mean over the epoch
        pearson f64? r mean over tracks of the per-bin Pearson
        lr f64 - learning rate at the end of the epoch""",
    "sites": """
        site i64 - row number, in genome order
        variant str - chrom:pos:ref:alt as in the file (1-based)
        chrom str - contig
        pos i64 bp 0-based position of the first REF base
        ref str - reference allele, normalised
        alt str - alternative allele, normalised
        kind str - snv, mnv, insertion, deletion or delins
        record i64 - number of the record in the file, from 1
        fold str - train, valid, test or outside
        gene str? - nearest TSS
        tss_distance i64? bp signed distance to it, positive downstream
        id str? - what the file calls it, such as an rs number""",
    "calibration_effects": """
        site i64 - row of the calibration set's sites
        track str - slug
        effect f64 log2 measured effect, ALT over REF""",
    # What one job finds out about its share of a set's sites; texts and p-values come with the gathering.
    "variant_effects": """
        site i64 - row of the sites table
        track str - slug
        log_fc f64 log2 log2 ratio of summed prediction, ALT over REF
        log_fc_sd f64? log2 standard deviation of log_fc over models, strands and shifts; null where there is but one
        sign_agreement f64 share models, strands and shifts with the sign of the mean
        specificity f64 log2 log_fc minus its mean over the cell types of the same assay and strand
        specificity_sd f64? log2 its standard deviation over models, strands and shifts
        top_share f64 share of them in which this track has the largest effect of its assay and strand
        sad f64 - summed prediction ALT minus REF
        d2 f64 - root of the summed squared difference over bins, signed by sad
        log_d2 f64 log2 the same of log2(1 + prediction)
        js f64 bits Jensen-Shannon divergence of the profiles' shapes
        centre_log_fc f64 log2 log_fc over 501 bp around the variant""",
    "gene_effects": """
        site i64 - row of the sites table
        gene_id str - identifier
        track str - slug
        sed f64 - summed prediction over the gene's exons, ALT minus REF
        log_sed f64 log2 its log2 ratio, ALT over REF
        log_sed_sd f64? log2 standard deviation over models, strands and shifts; null where there is but one
        sign_agreement f64 share models, strands and shifts with the sign of the mean
        body_log_fc f64 log2 log2 ratio of the mean over the gene's body, introns too""",
    "scores": """
        variant str - chrom:pos:ref:alt as in the VCF (1-based)
        chrom str - contig
        pos i64 bp 0-based position of the first REF base
        ref str - reference allele
        alt str - alternative allele
        track str - slug
        cell_type str - label of the track
        assay str - rna or atac
        log_fc f64 log2 log2 ratio of summed prediction, ALT over REF
        sad f64 - summed prediction ALT minus REF
        d2 f64 - root of the summed squared difference over bins, signed by sad
        log_d2 f64 log2 the same of log2(1 + prediction)
        js f64 bits Jensen-Shannon divergence of the profiles' shapes
        centre_log_fc f64 log2 log_fc over 501 bp around the variant
        log_fc_sd f64? log2 standard deviation of log_fc over models, strands and shifts; null where there is but one
        sign_agreement f64 share models, strands and shifts with the sign of the mean
        specificity f64 log2 log_fc minus its mean over the cell types of the same assay and strand
        specificity_sd f64? log2 its standard deviation over models, strands and shifts
        top_share f64 share of them in which this track has the largest effect of its assay and strand
        p_null f64? - (k + 1)/(n + 1): k of n null variants of its class have at least this absolute log_fc there
        percentile f64? - share of the null variants of its class with a smaller log_fc in this track, ties by half
        conformal_low f64? log2 lower end of the interval for a measured effect
        conformal_high f64? log2 upper end of it
        fold str - train, valid, test or outside
        gene str? - nearest TSS
        tss_distance i64? bp signed distance to it, positive downstream
        model_hash str - trunk
        adapter_hash str - adapter and head
        seed i32 - first seed that was averaged
        code_hash str - library code behind this row
        id str? - what the file calls the variant, such as an rs number
        strand str - of the track: +, - or . (not stranded)
        main_strand bool - the assay's coverage changes more on this strand than on the other, or the track has none""",
    "gene_scores": """
        variant str - chrom:pos:ref:alt as in the VCF (1-based)
        chrom str - contig
        pos i64 bp 0-based position of the first REF base
        ref str - reference allele
        alt str - alternative allele
        gene_id str - identifier of a gene whose body the window's output reaches
        gene str - symbol
        gene_tss_distance i64 bp signed distance to its transcription start, positive downstream
        track str - slug; rna, on the gene's strand
        cell_type str - label of the track
        sed f64 - summed prediction over the gene's exons, ALT minus REF
        log_sed f64 log2 its log2 ratio, ALT over REF
        log_sed_sd f64? log2 standard deviation over models, strands and shifts; null where there is but one
        sign_agreement f64 share models, strands and shifts with the sign of the mean
        body_log_fc f64 log2 log2 ratio of the mean over the gene's body, introns too
        fold str - of the variant: train, valid, test or outside
        model_hash str - trunk
        adapter_hash str - adapter and head
        seed i32 - first seed that was averaged
        code_hash str - library code behind this row""",
    "cell_scores": """
        variant str - chrom:pos:ref:alt as in the VCF (1-based)
        cell str - as in the cell_embeddings table
        cell_type str - label of the cell
        assay str - rna or atac
        strand str - +, - or . (not stranded)
        log_fc f64 log2 log2 ratio of summed prediction in this cell, ALT over REF
        log_fc_sd f64? log2 standard deviation of log_fc over strands and shifts; null where there is but one
        sign_agreement f64 share strands and shifts with the sign of the mean
        model_hash str - trunk
        adapter_hash str - decoder
        seed i32 - of the choice of cells
        code_hash str - library code behind this row""",
    "ism": """
        chrom str - contig
        pos i64 bp 0-based position
        ref str - base of the genome
        alt str - base that it is changed to; - where it is deleted
        track str - slug
        cell_type str - label of the track
        assay str - rna or atac
        log_fc f64 log2 log2 ratio of summed prediction, ALT over REF
        log_fc_sd f64? log2 standard deviation of log_fc over models and strands; null where there is but one""",
    "ism_coverage": """
        chrom str - contig
        start i64 bp first base of an output bin
        end i64 bp one past its last base
        track str - slug
        ref f64 - predicted coverage of the sequence as it is, mean over models and strands
        alt f64 - of the changed one; the file's metadata name the change""",
    "seqlets": """
        region str - name of the region
        track str - slug
        chrom str - contig
        start i64 bp first base
        end i64 bp one past the last base
        attribution f64 log2 summed importance; negative where the bases hold prediction down
        p f64 - chance that as many bases drawn from the region sum up to as much; ranks, is no error rate
        sequence str - bases of the genome
        motif str? - motif that is most like it
        strand str? - of the motif, + or -
        match_p f64? - Tomtom's p of that likeness
        match_q f64? - its q over all seqlets and motifs of the region""",
    "mpra": """
        element str - element of the assay
        track str - slug
        cell_type str - label of the track
        assay str - rna or atac
        background str - what surrounds the element: n or random
        kind str - all, snv or deletion
        n i64 - changes behind the numbers
        left_out i64 - changes that too few barcodes measured
        pearson f64? r predicted against measured; null where a side does not vary
        pearson_low f64? r 95 % interval, positions resampled in blocks
        pearson_high f64? r 95 % interval
        spearman f64? r of ranks
        spearman_low f64? r 95 % interval
        spearman_high f64? r 95 % interval""",
    "mpra_effects": """
        element str - element of the assay
        chrom str - contig, as in the assay's table
        pos i64 bp 0-based position
        ref str - base of the element
        alt str - base that it is changed to; - where it is deleted
        measured f64 log2 effect in the assay, ALT over REF
        barcodes i64? - molecules of the assay behind it
        track str - slug
        cell_type str - label of the track
        assay str - rna or atac
        background str - what surrounds the element: n or random
        log_fc f64 log2 log2 ratio of prediction summed over the element's bins, ALT over REF
        log_fc_sd f64? log2 standard deviation of log_fc over models and strands; null where there is but one""",
    "dropped": """
        chrom str - contig
        pos i64 bp 0-based position
        ref str - reference allele
        alt str - alternative allele
        record i64 - number of the record in the file, from 1
        reason str - why it was not scored
        id str? - what the file calls it""",
    "metrics": """
        metric str - name as in docs/numbers.md
        model str - adapter, baseline or trunk
        seed i32? - seed of the fit
        split str - train, valid or test; for variants not_train or all
        group str - track, cell type or all
        value f64? - the number
        ci_low f64? - 95 % interval
        ci_high f64? - 95 % interval
        n i64 - bins, genes, windows or variants behind it
        note str? - why null, what was resampled, what to keep in mind
        simulated bool - computed on a simulated world""",
    "generalise": """
        axis str - what was held out: cell_type, donor, tissue, condition or tracks
        held_out str - its value
        metric str - name as in docs/numbers.md
        model str - adapter run that was fitted without it
        predictor str - what predicts it: decoder, same_type, nearest_head; in_sample (fitted with it); or a measurement
        source str? - tracks or type that stand in for it
        group str - held-out track, its cell type, or all
        assay str - rna, atac, or all
        seed i32? - seed of the fit; null: mean over seeds, or a measurement
        split str - fold that was predicted
        value f64? - the number
        ci_low f64? - 95 % interval
        ci_high f64? - 95 % interval
        drop f64? - in_sample minus this, paired over windows
        drop_low f64? - 95 % interval
        drop_high f64? - 95 % interval
        retained f64? - this over in_sample
        ceiling f64? - noise ceiling of the held-out track, or its mean over tracks
        primary bool - the predictor that counts for this hold-out
        n i64 - bins, genes or windows behind it
        note str? - why null, what was resampled
        simulated bool - computed on a simulated world""",
    "held_embeddings": """
        cell_type str - label
        cells i64 cells held-out cells of the type
        embedding list_f32 - their mean, by the projection that training cells gave""",
    "leakage": """
        item str - what was checked
        kind str - window, gene, variant, region (mutagenesis) or mpra (element)
        chrom str - contig
        start i64 bp first base
        end i64 bp one past the last
        fold str - fold of the trunk's output window that holds it, or outside; unknown where its folds are
        input_overlap str? - other folds whose input windows reach it""",
}

TABLES["null_sites"] = f"""{TABLES["sites"]}
        matched i64? - row of the sites table that it was drawn for; null where the null set was given
        relaxed str? - what could not be matched, joined by commas; null where nothing"""
