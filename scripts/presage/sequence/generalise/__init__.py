"""What is predicted without having been seen: adapters fitted without a cell type, donor, tissue, condition, tracks."""
