"""The sequence branch: from reads and variants to effects per cell type."""
