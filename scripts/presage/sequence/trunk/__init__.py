"""Trunks: pre-trained networks from one-hot sequence to an embedding per output bin."""
