"""Kernels of DepthwiseConv2d for instruction sets, one file each."""
