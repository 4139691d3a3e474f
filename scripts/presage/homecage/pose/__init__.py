"""Pose of the animals in each frame: DeepLabCut on video, and how far to trust it, or finished pose."""
