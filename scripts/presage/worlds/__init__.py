"""Seeded simulators with known truth: the data that a run uses when it is given none."""
