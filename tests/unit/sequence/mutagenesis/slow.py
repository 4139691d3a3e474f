"""Saturation mutagenesis written again, plainly: strings, one change at a time, one model call each."""

import numpy as np
import torch

from presage.sequence.model.sequence_model import SequenceModel

_PAIR = dict(zip("ACGTN", "TGCAN"))


def coverage(model: SequenceModel, text: str, reverse: bool) -> np.ndarray:
    """[bins, tracks] of a string, as read on either strand."""
    read = "".join(_PAIR[letter] for letter in text[::-1]) if reverse else text
    x = torch.tensor([[[float(letter == base) for letter in read] for base in "ACGT"]])
    with torch.no_grad():
        out = model(x)[0].double().numpy()
    return out[::-1][:, model.strand_pair] if reverse else out


def effect(model: SequenceModel, genome: str, start: int, pos: int, alt: str, reverse: bool) -> np.ndarray:
    """log2 fold change [tracks] over all bins of one change of ``genome`` at ``pos``, 0-based; ``-`` deletes.

    The window is the model's context from ``start`` on, N outside of the genome.
    """
    context, bins, size = model.trunk.context, model.trunk.out_bins, model.trunk.bin_size
    pad = "N" * context
    text, at = pad + genome + pad, context + pos
    first = context + start
    ref = coverage(model, text[first : first + context], reverse)
    if alt != "-":
        new = text[:at] + alt + text[at + 1 :]
        out = coverage(model, new[first : first + context], reverse)
    else:
        while text[at - 1] == text[at] and at > first:
            at -= 1
        new = text[:at] + text[at + 1 :]
        left = coverage(model, new[first : first + context], reverse)
        right = coverage(model, new[first - 1 : first - 1 + context], reverse)
        out = np.array([left[i] if _starts(first, i, model) <= at else right[i] for i in range(bins)])
        if size == 1:
            raise NotImplementedError("a bin of one base would be gone")
    return np.log2((out.sum(axis=0) + 1) / (ref.sum(axis=0) + 1))


def _starts(first: int, number: int, model: SequenceModel) -> int:
    """First base of an output bin."""
    outside = (model.trunk.context - model.trunk.out_bins * model.trunk.bin_size) // 2
    return first + outside + number * model.trunk.bin_size
