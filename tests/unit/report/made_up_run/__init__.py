"""A small run folder with every table that the report reads, made up from seeded noise: no meaning."""
