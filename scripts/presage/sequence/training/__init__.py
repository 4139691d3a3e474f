"""Fitting a model: one loop for the trunk, the probe and the adapters, and what it needs on a laptop or a cluster."""
