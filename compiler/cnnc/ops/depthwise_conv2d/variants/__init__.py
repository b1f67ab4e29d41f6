"""Kernels for instruction sets."""
