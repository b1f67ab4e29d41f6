"""Kernels of add for instruction sets."""
