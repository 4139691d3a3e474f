"""Finished pose from files: DeepLabCut, SLEAP, JABS, NWB; and files that hold no code."""
