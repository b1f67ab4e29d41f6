"""Kernels of transpose for instruction sets."""
