"""A window and its edits: what the model predicts for many small changes of one reference sequence.

A substitution changes only a few tokens of the convolution tower's output, so the tower is computed once for the
reference and then again on slivers around each edit; transformer, decoder and head see every edited window. Sums are
those of the dense forward pass, in another order: nothing is approximated.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.sparse_tower.edits import COMPLEMENT, Edit, changes, check, turned
from presage.sequence.sparse_tower.strands import Bins, Dense, Sparse, Strand, embed, unsupported
from presage.sequence.trunk.borzoi import Borzoi


class Window:
    """One reference sequence of one model and strand. :func:`open_window` makes it.

    Sequences, edits and bins are in forward coordinates, whichever strand the model reads.

    Attributes
    ----------
    coverage
        float32 [bins, tracks] of the reference, on the model's device.
    embedding
        float32 [bins, width] of the reference, before the head.
    """

    def __init__(self, model: SequenceModel, codes: np.ndarray, reverse: bool, bins: Bins, sparse: bool) -> None:
        whole, trunk = model.trunk.out_bins, model.trunk
        self._model, self._codes, self._reverse = model, codes, reverse
        self._bins = (whole - bins[1], whole - bins[0]) if reverse and bins else bins
        self._strand: Strand
        if sparse and isinstance(trunk, Borzoi):
            self._strand = Sparse(trunk, self._read(codes), model.device, self._bins)
        else:
            self._strand = Dense(model, self._read(codes), self._bins)
        self.embedding = self._turned(self._strand.reference)
        self.coverage = self._covered(self.embedding)

    @torch.inference_mode()
    def edited(self, edits: Sequence[Edit]) -> Tensor:
        """Coverage of each edited sequence, float32 [n, bins, tracks].

        Edits that change nothing get the reference's numbers; all others go through the model as one batch, at the
        cost of the longest. Raises ``ValueError`` for an edit that does not fit.
        """
        changing, embeddings = self._changing(edits)
        return _filled(self.coverage, len(edits), changing, self._covered(embeddings))

    @torch.inference_mode()
    def whole(self, codes: np.ndarray) -> Tensor:
        """Coverage of other sequences (uint8 [n, context]), e.g. with indels: float32 [n, bins, tracks], one batch."""
        return self._covered(self._turned(embed(self._model, self._read(codes), self._bins)))

    def _changing(self, edits: Sequence[Edit]) -> tuple[list[int], Tensor]:
        """Which edits change the sequence, and the embeddings of those, [changing, bins, width]."""
        check(edits, len(self._codes))
        trimmed = [changes(edit, self._codes) for edit in edits]
        changing = [number for number, edit in enumerate(trimmed) if len(edit.codes)]
        if not changing:
            return [], self.embedding[None][:0]
        wanted = [trimmed[number] for number in changing]
        if self._reverse:
            wanted = [turned(edit, len(self._codes)) for edit in wanted]
        return changing, self._turned(self._strand.edited(wanted))

    def _read(self, codes: np.ndarray) -> np.ndarray:
        """Sequences uint8 [..., context] as the model reads them."""
        return COMPLEMENT[codes][..., ::-1] if self._reverse else codes

    def _turned(self, embedding: Tensor) -> Tensor:
        """[..., bins, width], the bins in forward order."""
        return embedding.flip(-2) if self._reverse else embedding

    def _covered(self, embedding: Tensor) -> Tensor:
        """The head, [..., bins, width] -> [..., bins, tracks]; of a reversed window, each track is its partner's."""
        coverage = self._model.head(embedding).float()
        if not self._reverse:
            return coverage
        return coverage[..., torch.as_tensor(self._model.strand_pair, device=coverage.device)]


def _filled(reference: Tensor, count: int, changing: list[int], values: Tensor) -> Tensor:
    """``count`` copies of the reference, but ``values`` where something changed."""
    if len(changing) == count:
        return values
    out = reference.repeat(count, 1, 1)
    out[changing] = values
    return out


@torch.inference_mode()
def open_window(
    model: SequenceModel,
    codes: np.ndarray,
    *,
    reverse: bool = False,
    bins: tuple[int, int] | None = None,
    sparse: bool = True,
) -> Window:
    """Predict the reference sequence ``codes`` (uint8 [context], 4 = N) and be ready for edits of it.

    Parameters
    ----------
    model : put into eval mode; it must not change while the window is in use
    reverse : the model reads the reverse complement, and what it gives is turned back: bins flipped, each track read
        from its partner on the other strand
    bins : half-open range of output bins, which alone are computed; default: all
    sparse : False: every edited sequence passes the whole model, as it does for models that are :func:`unsupported`

    Raises ``ValueError`` for another length than the model's, or bins that it does not have.
    """
    trunk = model.eval().trunk
    if codes.shape != (trunk.context,):
        raise ValueError(f"codes {codes.shape}, expected ({trunk.context},)")
    if bins is not None and not 0 <= bins[0] < bins[1] <= trunk.out_bins:
        raise ValueError(f"bins {bins} of {trunk.out_bins}")
    return Window(model, codes, reverse, bins, sparse and unsupported(model) is None)
