"""Kernels of FullyConnected for instruction sets, one file each."""
