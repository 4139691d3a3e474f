"""Variant effects: what an allele does to each track, how sure that is, and what the trunk had seen of it."""
