"""sad: difference of summed coverage, "SNP activity difference" (Kelley et al. 2018, Genome Res. 28:739)."""

from torch import Tensor


def sad(ref: Tensor, alt: Tensor, mask: Tensor, pseudocount: float = 0.0) -> Tensor:
    """``sum ALT - sum REF`` over the bins of ``mask``. [n, tracks], in units of coverage."""
    return ((alt - ref) * mask).sum(1)
