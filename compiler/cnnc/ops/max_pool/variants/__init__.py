"""Kernels of max_pool for instruction sets."""
