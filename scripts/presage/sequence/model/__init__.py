"""Trunk and head as one network: files of every origin that hold one, where it runs, and what it predicts."""
