"""What the documentation promises holds: commands run, examples are valid, links lead somewhere."""
