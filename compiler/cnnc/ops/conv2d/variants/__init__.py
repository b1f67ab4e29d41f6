"""Kernels of Conv2d for instruction sets, one file each."""
