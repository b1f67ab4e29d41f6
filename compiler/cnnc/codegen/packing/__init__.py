"""Weights and constants in the order that kernels for instruction sets read them."""
