"""Kernels of table look-ups for instruction sets."""
