"""In-silico mutagenesis: which bases of a region hold its coverage up or down."""
