"""The trunks behind one interface, and the one that a shape describes.

Every trunk has ``context`` and ``bin_size`` (bp), ``out_bins``, ``width`` (channels of the embedding) and ``shape``;
``encode`` takes one-hot float32 [B, 4, context] through the convolution tower and ``decode`` what that gave to the
embedding float32 [B, out_bins, width], or [B, bins, width] of a range of its bins; its layers and slots have the names
that adapters know.
"""

from presage.config.trunk import EnformerShape, TrunkShape
from presage.sequence.trunk.borzoi import Borzoi
from presage.sequence.trunk.enformer import Enformer

TrunkNetwork = Borzoi | Enformer
AnyShape = TrunkShape | EnformerShape


def network(shape: AnyShape) -> TrunkNetwork:
    """A trunk of that shape, its weights at torch's defaults."""
    return Enformer(shape) if isinstance(shape, EnformerShape) else Borzoi(shape)
