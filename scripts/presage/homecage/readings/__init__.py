"""Readings of any sensor in one long table, its hours and days, and the rhythm in them."""
