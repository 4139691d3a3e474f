"""The home-cage branch: from video of cages to pose, features, alarms and lead time."""
