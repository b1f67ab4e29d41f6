"""Kernels of mean for instruction sets."""
