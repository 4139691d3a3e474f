"""Pose of the animals in each frame: DeepLabCut on video, importers for finished pose, and how far to trust either."""
