"""Samples as they come: BAM, fragments, h5ad and bigWig, opened, checked against the genome and read in pieces."""
