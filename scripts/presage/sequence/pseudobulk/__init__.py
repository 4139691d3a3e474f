"""From single cells to tracks per cell type and counts per gene: parts of samples, pooled, every read accounted for."""
