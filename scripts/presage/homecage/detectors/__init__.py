"""How odd a day is, and why: each cage against its own past, by detectors with one interface that are dated."""
