"""Kernels of average_pool for instruction sets."""
