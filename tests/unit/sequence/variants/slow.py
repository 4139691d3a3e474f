"""Scores the slow second way: one variant at a time, sequences as strings, bins in genome coordinates, no tensors."""

import math

import numpy as np
import torch

from tests.unit.sequence.variants.cases import SHAPE, SLUGS

LENGTH, BIN, BINS = SHAPE.context, SHAPE.bin_size, SHAPE.out_bins
PARTNER = [SLUGS.index(slug.translate(str.maketrans("+-", "-+"))) for slug in SLUGS]


def dense(model, sequence, reverse):
    """Prediction [bins][tracks] of one string, by the book: complement letters, then undo the turn on the output."""
    if reverse:
        sequence = sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    x = torch.zeros(1, 4, LENGTH)
    for i, base in enumerate(sequence):
        if base in "ACGT":
            x[0, "ACGT".index(base), i] = 1
    with torch.no_grad():
        out = model(x)[0].tolist()
    if reverse:
        out = [[row[PARTNER[t]] for t in range(len(SLUGS))] for row in out[::-1]]
    return out


def profiles(model, text, pos, ref, alt, start, reverse):
    """REF and ALT coverage [bins][tracks] of one variant of a contig, in the window that starts at ``start``."""
    pad = "N" * LENGTH
    assert text[pos : pos + len(ref)] == ref
    whole, changed = pad + text + pad, pad + text[:pos] + alt + text[pos + len(ref) :] + pad
    grow = len(alt) - len(ref)
    cut = lambda s, at: s[at + LENGTH : at + 2 * LENGTH]  # noqa: E731
    anchor = 1 if len(alt) != len(ref) and alt[0] == ref[0] else 0
    before = dense(model, cut(whole, start), reverse)
    left = dense(model, cut(changed, start), reverse)
    right = dense(model, cut(changed, start + grow), reverse)
    after = []
    for i, low in enumerate(edges(start)):
        gone = grow < 0 and low >= pos + len(alt) and low + BIN <= pos + len(ref)
        after.append([0.0] * len(SLUGS) if gone else left[i] if low <= pos + anchor else right[i])
    return before, after


def edges(start):
    """First base of each output bin."""
    return [start + (LENGTH - BINS * BIN) // 2 + i * BIN for i in range(BINS)]


def near(start, pos, span):
    """Numbers of the bins that reach into ``span`` bp around the variant."""
    return [
        i for i, low in enumerate(edges(start)) if span is None or (low < pos + span / 2 and low + BIN > pos - span / 2)
    ]


def slow_scores(before, after, bins, pseudocount):
    """Every score of one track ``[bins]`` twice, over some bins."""
    a, b = [before[i] for i in bins], [after[i] for i in bins]
    sad = sum(b) - sum(a)
    sign = (sad > 0) - (sad < 0)
    even = pseudocount / max(1, len(bins))
    p, q = [[(x + even) / (sum(part) + pseudocount) for x in part] for part in (a, b)]
    bits = lambda u, v: sum(x * math.log2(2 * x / (x + y)) for x, y in zip(u, v) if x > 0)  # noqa: E731
    return {
        "log_fc": math.log2((sum(b) + pseudocount) / (sum(a) + pseudocount)),
        "sad": sad,
        "d2": sign * math.sqrt(sum((y - x) ** 2 for x, y in zip(a, b))),
        "log_d2": sign * math.sqrt(sum((math.log2(1 + y) - math.log2(1 + x)) ** 2 for x, y in zip(a, b))),
        "js": (bits(p, q) + bits(q, p)) / 2 if bins else 0.0,
    }


def slow_effects(models, text, pos, ref, alt, *, start=None, rc=True, shifts=(0,), pseudocount=1.0, spans=None):
    """Scores by name, float [tracks], and log_fc of each replicate [replicates, tracks].

    ``start`` of the window for shift 0; by default the variant is in the middle.
    """
    start = pos - LENGTH // 2 if start is None else start
    spans = spans or [None] * len(SLUGS)
    found = []
    for model in models:
        for shift in shifts:
            for reverse in (False, True) if rc else (False,):
                before, after = profiles(model, text, pos, ref, alt, start + shift, reverse)
                rows = []
                for t, span in enumerate(spans):
                    column = [row[t] for row in before], [row[t] for row in after]
                    scores = slow_scores(*column, near(start + shift, pos, span), pseudocount)
                    centre = slow_scores(*column, near(start + shift, pos, 501), pseudocount)
                    rows.append({**scores, "centre_log_fc": centre["log_fc"]})
                found.append(rows)
    names = found[0][0]
    means = {name: np.array([np.mean([rows[t][name] for rows in found]) for t in range(len(SLUGS))]) for name in names}
    return means, np.array([[row["log_fc"] for row in rows] for rows in found])
