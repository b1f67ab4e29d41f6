"""Kernels of Add for instruction sets, one file each."""
