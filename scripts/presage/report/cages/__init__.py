"""Pages of the home-cage branch: the morning page, a page per cage, and the table for an ethics file."""
