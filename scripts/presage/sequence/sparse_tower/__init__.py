"""Substitutions in one window, exactly, without computing again what they do not change."""

from presage.sequence.sparse_tower.check import SparseMismatch, check_window
from presage.sequence.sparse_tower.edits import Edit
from presage.sequence.sparse_tower.strands import unsupported
from presage.sequence.sparse_tower.window import Window, open_window

__all__ = ["Edit", "SparseMismatch", "Window", "check_window", "open_window", "unsupported"]
