"""Kernels of mul for instruction sets."""
