"""The parts of the genome world: grammar, layout, cells, reads, fragments, bulk, variants."""
