"""Every parquet file that a run leaves, as an Arrow schema with units. Nothing is written or read past these contracts.

Coordinates are 0-based half-open. Times are UTC. A column's unit and meaning travel in the file's own metadata.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from presage import plugins
from presage.errors import UserError

_ROWS = 20_000  # of a chunked table that are held before they are written

_TYPES = {
    "str": pa.string(),
    "bool": pa.bool_(),
    "i32": pa.int32(),
    "i64": pa.int64(),
    "f32": pa.float32(),
    "f64": pa.float64(),
    "bytes": pa.binary(),
    "date": pa.date32(),
    "utc": pa.timestamp("us", tz="UTC"),
    "list_i64": pa.list_(pa.int64()),
    "list_f32": pa.list_(pa.float32()),
}

# table -> rows of "column type unit meaning"; a type that ends in "?" may be null.
_TEXT = {
    # ---- sequence ----------------------------------------------------------------------------------------------
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
    # What one job takes out of one sample; see presage.sequence.parts.
    "part_depth": """
        lane i32 - group of cells, strand, half and class; see presage.sequence.steps
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
        tss_distance i64? bp signed distance to it, positive downstream""",
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
        p_null f64? - share of the null set with at least this absolute log_fc in this track
        percentile f64? - share of the null set with a smaller log_fc in this track, ties by half
        conformal_low f64? log2 lower end of the interval for a measured effect
        conformal_high f64? log2 upper end of it
        fold str - train, valid, test or outside
        gene str? - nearest TSS
        tss_distance i64? bp signed distance to it, positive downstream
        model_hash str - trunk
        adapter_hash str - adapter and head
        seed i32 - first seed that was averaged
        code_hash str - library code behind this row""",
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
        reason str - why it was not scored""",
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
    # ---- truth of the built-in worlds ---------------------------------------------------------------------------
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
    # ---- home cage ---------------------------------------------------------------------------------------------
    "segments": """
        cage str - cage
        date date - cage-day (facility-local date of its lights-on)
        segment i32 - number within the cage-day
        path str - file
        kind str - video or pose
        start_utc utc - first frame
        duration_s f64 s length, by decoded frames
        fps f64 1/s frame rate
        frames_declared i64 frames by the container
        frames_decoded i64 frames that could be read
        usable bool - enters pose
        reason str? - why not
        size i64 bytes of the file
        sha256 str? - of the file; null where homecage.recording.checksum is off
        codec str? - four letters of the video's
        width i64? px of the video's frames
        fps_measured f64? 1/s by the video's time stamps
        uneven f64? - share of steps between frames that are far from the usual one
        brightness f64? - mean grey, 0 to 255, median over one frame a second
        sharpness f64? - variance of the Laplacian, the same; low is blurred
        black_s f64? s of darkness: a covered lens, no light
        frozen_s f64? s in which not even noise changed: a stuck camera
        shift_px f64? px that its picture lies from the cage-day's first; null where that cannot be told
        background bytes? - what stays when animals move, as a small grey JPEG; of the cage-day's first usable video
        gap_s f64? s since the file before ended; null for the first of a cage-day""",
    "quality": """
        cage str - cage
        date date - cage-day
        files i64 files of the day
        files_unusable i64 files of them that could not be used
        coverage f64 - usable / scheduled time, 0 to 1
        hidden f64? - share of the usable frames in which no animal was found: a reading, no gap
        blank f64? - share of the frames that show nothing: dark, or a covered lens
        likelihood f64? - median over the body parts of seen animals
        doubted f64? - share of the points over their cut that the filters did not believe
        swaps i64? - steps in which two animals' tracks changed over; null with one animal
        identity f64? - share of the steps of two animals in which nobody is in doubt; null with one animal
        size_px f64? px length of the body, median
        size_ratio f64? - of it to the median of the seven days before
        frozen_s f64? s in which the picture stood still
        black_s f64? s of darkness
        shift_px f64? px that the picture moved, within the day or from the day before: the larger
        camera_fault bool - something is wrong with the recording: no sign of a sick mouse
        reason str? - what""",
    "pose": """
        time_utc utc - of the frame
        segment i32 - number within the cage-day
        frame i32 - number within the segment
        animal str - individual
        x list_f32 px per body part, in the order of the file's `bodyparts` metadata
        y list_f32 px per body part, image coordinates (down is positive)
        likelihood list_f32 - per body part, 0 to 1; NaN where the image was blank""",
    "held_out_frames": """
        frame str - video and image in the labelled project
        image bytes - the frame as JPEG, 320 px wide or less
        x_label list_f32 px label by body part, in the order of the file's `bodyparts` metadata; NaN: not labelled
        y_label list_f32 px label, image coordinates (down is positive)
        x list_f32 px the model's point, in px of the labelled frame
        y list_f32 px the model's point
        likelihood list_f32 - per body part, 0 to 1""",
    "readings": """
        time_utc utc - start of the interval
        cage str - cage
        animal str? - individual, null where the sensor sees the cage
        name str - feature
        value f64? - NaN-free; null where no_call
        unit str - of the value
        resolution_s f64 s length of the interval
        coverage f64 - usable / scheduled time, 0 to 1""",
    "daily": """
        cage str - cage
        animal str? - individual
        date date - cage-day
        name str - feature, with its phase (night_, day_, all_)
        value f64? - null where too little was seen
        unit str - of the value
        coverage f64 - usable / scheduled time of that phase, 0 to 1
        sampling str - frame rate and duty cycle, or the sensor; baselines never mix two
        source str - sheet row or importer that it came from
        end_utc utc - end of the data window
        provisional bool - the cage-day was not over""",
    "hourly": """
        cage str - cage
        animal str? - individual
        date date - cage-day
        zt i32 h hour of the cage-day, 0 to 23 from lights-on
        name str - feature, without a phase
        value f64? - mean over the hour, weighted by what was seen; null where it was not known
        unit str - of the value
        seen_s f64 s usable time in the hour
        first_utc utc? - when the cage was first seen in the hour
        sampling str - frame rate and duty cycle, or the sensor
        source str - sheet row or importer that it came from""",
    "events": """
        cage str - cage
        animal str? - individual
        time_utc utc - when
        kind str - onset, technician_note, weight_loss_5pct, treatment, cage_change, weighing, camera_fault, death, ...
        value f64? - severity, weight share ...
        note str? - free text""",
    "urgent": """
        cage str - cage
        date date - cage-day
        time_utc utc - when the limit was passed
        state str - hidden or motionless
        hours f64 h how long in all, within the dark phase""",
    "distress_scores": """
        cage str - cage
        animal str? - individual
        date date - cage-day that was judged
        decision_utc utc - end of the data window plus processing latency
        score f64? - detector score, higher is worse; null where no_call
        threshold f64? - at the configured alarm budget; null before the first model's date
        alarm bool - score is over the threshold
        no_call bool - too little was seen to judge
        warm_up bool - the baseline or the first model is not yet there
        masked bool - a husbandry event took the day's evidence
        explanation str? - strongest deviations in words
        model_hash str - dated detector
        seed i32 - of the run
        code_hash str - library code behind this row""",
    "alarms": """
        cage str - cage
        animal str? - individual
        episode i32 - number within the cage; alarms merged across gaps of at most 2 days; 0 for an urgent check
        first_date date - first alarm day
        last_date date - last alarm day
        alarm_days i32 days days with an alarm
        decision_utc utc - of the first alarm
        score f64? - highest; null for an urgent check
        threshold f64 - at the configured alarm budget; for an urgent check its hours
        budget f64 1/cage-month false-alarm episodes that the threshold was set for
        level str - watch, check or urgent
        explanation str - strongest deviations in words
        model_hash str - dated detector
        config_hash str - settings behind it
        data_hash str - readings behind it
        code_hash str - library code behind it""",
    "reasons": """
        cage str - cage
        animal str? - individual
        episode i32 - of the alarms table
        date date - its worst cage-day
        rank i32 - 1 is the strongest deviation
        feature str - daily feature, with its phase
        value f64 - mean of the last `window_days` days
        usual f64 - own baseline
        band_low f64 - where that mean lies in 95 % of such stretches of this animal in health
        band_high f64 - its upper end
        unit str - of the value
        deviation f64 - towards illness, in the animal's own standard errors
        window_days i32 days that were compared with the baseline
        zt i32? h hour of the worst day in which the feature was furthest from its usual at that hour
        watch_utc utc? - when the cage was first seen in that hour: where to look
        clip str? - film of it, below the homecage folder, where there is video; Snakemake makes it when asked for""",
    "lead_time": """
        cage str - cage
        animal str? - individual
        group str - cohort or treatment
        event str - kind of event
        event_utc utc - when a person or a scale recorded it
        onset_utc utc? - true onset, known in simulated worlds only
        decision_utc utc? - decision time of the alarm that counts
        lead_days f64? d event minus decision
        delay_days f64? d decision minus true onset
        status str - detected, early (false alarm), late, missed, or not_judged (warm-up or no_call up to the event)
        budget f64 1/cage-month alarm budget
        detector str - ours or a one-line rule
        simulated bool - from a simulated world""",
    "evaluation": """
        metric str - name as in docs/numbers.md
        detector str - ours or a one-line rule
        group str - cohort or treatment
        budget f64? 1/cage-month alarm budget
        value f64? - the number
        ci_low f64? - 95 % interval
        ci_high f64? - 95 % interval
        n i64 - cases, cages or cage-days behind it
        unit str - of the value
        note str? - why null, which interval, what to keep in mind
        simulated bool - from a simulated world""",
}


_TEXT["null_sites"] = f"""{_TEXT["sites"]}
        matched i64? - row of the sites table that it was drawn for; null where the null set was given
        relaxed str? - what could not be matched, joined by commas; null where nothing"""


def _schema(text: str) -> pa.Schema:
    fields = []
    for line in text.strip().splitlines():
        name, kind, unit, meaning = line.split(None, 3)
        meta = {"unit": "" if unit == "-" else unit, "meaning": meaning}
        fields.append(pa.field(name, _TYPES[kind.rstrip("?")], nullable=kind.endswith("?"), metadata=meta))
    return pa.schema(fields)


SCHEMAS: dict[str, pa.Schema] = {name: _schema(text) for name, text in _TEXT.items()}
_WITH_SCORES = ("variant_effects", "scores")


def schema(table: str) -> pa.Schema:
    """Columns of ``table``: of those of variants also the scores that plugins add, at the end."""
    own = SCHEMAS[table]
    for name, facts in plugins.provided("score").items() if table in _WITH_SCORES else ():
        [field] = _schema(f"{name} f64 {facts.get('unit', '-')} {facts.get('meaning', 'score of a plugin')}")
        own = own.append(field)
    return own


def write(path: str | Path, table: str, data: pd.DataFrame | pa.Table, meta: Mapping[str, Any] | None = None) -> None:
    """Write ``data`` to ``path`` as ``table``: same columns, types cast, no null where none may be.

    ``meta`` is stored as JSON strings in the file's metadata (read it back with :func:`read_meta`). The bytes depend
    on the content alone, so equal tables are equal files.

    Raises ``ValueError`` when a column is missing, surplus, of the wrong type, or null where the contract forbids it.
    """
    arrow = check(table, data)
    extra = {"presage.table": table, **{k: json.dumps(v, sort_keys=True) for k, v in (meta or {}).items()}}
    pq.write_table(arrow.cast(schema(table).with_metadata(extra)), path, compression="zstd", store_schema=True)


def check(table: str, data: pd.DataFrame | pa.Table) -> pa.Table:
    """``data`` as ``table``: its columns in order, types cast. Raises ``ValueError`` as :func:`write` does."""
    contract = schema(table)
    arrow = data if isinstance(data, pa.Table) else _from_pandas(data, contract, table)
    surplus = set(arrow.column_names) ^ set(contract.names)
    if surplus:
        raise ValueError(f"table {table}: columns {sorted(surplus)} are missing or surplus")
    arrow = arrow.select(contract.names)
    for field in contract:
        if not field.nullable and arrow[field.name].null_count:
            raise ValueError(f"table {table}: {arrow[field.name].null_count} nulls in column {field.name}")
    return arrow.cast(contract.remove_metadata())


def _from_pandas(data: pd.DataFrame, schema: pa.Schema, table: str) -> pa.Table:
    missing = set(schema.names) ^ set(data.columns)
    if missing:
        raise ValueError(f"table {table}: columns {sorted(missing)} are missing or surplus")
    columns = [pa.Array.from_pandas(data[f.name], type=f.type, safe=True) for f in schema]
    return pa.table(columns, schema=pa.schema([pa.field(f.name, f.type) for f in schema]))


def read(path: str | Path, table: str) -> pd.DataFrame:
    """Read ``path`` as ``table`` into pandas (dates as ``datetime.date``, times as UTC timestamps).

    Raises :class:`UserError` when the file is not that table.
    """
    return read_arrow(path, table).to_pandas(date_as_object=True)


def read_arrow(path: str | Path, table: str) -> pa.Table:
    """As :func:`read`, but the Arrow table."""
    arrow = pq.read_table(path)
    _check_names(path, table, arrow.schema)
    return arrow


def read_parts(path: str | Path, table: str) -> tuple[int, Iterator[pa.Table]]:
    """The number of rows, and the Arrow table a part after the other: for tables that are too large at once."""
    file = pq.ParquetFile(path)
    _check_names(path, table, file.schema_arrow)
    return file.metadata.num_rows, (file.read_row_group(i) for i in range(file.num_row_groups))


def _check_names(path: str | Path, table: str, found: pa.Schema) -> None:
    own = SCHEMAS[table].names
    more = found.names[len(own) :]  # scores of plugins, which whoever reads the table need not know
    if found.names[: len(own)] != own or (more and table not in _WITH_SCORES):
        raise UserError(path, f"is not a {table} table (columns {found.names})", "remove it and run again")


def read_meta(path: str | Path) -> dict[str, Any]:
    """The metadata that :func:`write` or :class:`ChunkedTable` stored, without the schema's own."""
    raw = pq.read_metadata(path).metadata or {}
    own = {k.decode(): v.decode() for k, v in raw.items() if not k.startswith((b"presage.", b"pandas", b"ARROW"))}
    return {k: json.loads(v) for k, v in own.items()}


def empty(table: str) -> pd.DataFrame:
    """An empty frame with the columns and types of ``table``."""
    return schema(table).empty_table().to_pandas(date_as_object=True)


class ChunkedTable:
    """A table that is written as its rows come, in constant memory. The row groups depend on the rows alone.

    ``meta`` may be completed up to the end (:meth:`note`), e.g. by counts.
    """

    def __init__(self, path: str | Path, table: str, meta: Mapping[str, Any]) -> None:
        # An empty table of the contract, written by its owner, tells the schema with all of its metadata.
        write(path, table, empty(table), meta)
        self._schema = pq.read_schema(path)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=True)
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, rows: pd.DataFrame | pa.Table) -> None:
        """Append rows; columns as in the contract, any order."""
        self._waiting.append(rows if isinstance(rows, pa.Table) else self._arrow(rows))
        self._rows += len(rows)
        if self._rows >= _ROWS:
            self._flush()

    def note(self, **meta: Any) -> None:
        """Store more metadata, which is known only when the rows are."""
        self._writer.add_key_value_metadata({key: json.dumps(value, sort_keys=True) for key, value in meta.items()})

    def _flush(self) -> None:
        if self._waiting:
            rows = pa.concat_tables([table.select(self._schema.names) for table in self._waiting])
            for field in self._schema:
                if not field.nullable and rows[field.name].null_count:
                    raise ValueError(f"{rows[field.name].null_count} nulls in column {field.name}")
            self._writer.write_table(rows.cast(self._schema).combine_chunks())
        self._waiting, self._rows = [], 0

    def _arrow(self, rows: pd.DataFrame) -> pa.Table:
        columns = [pa.Array.from_pandas(rows[field.name], type=field.type, safe=True) for field in self._schema]
        return pa.table(columns, schema=pa.schema([pa.field(field.name, field.type) for field in self._schema]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()
