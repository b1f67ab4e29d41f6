"""Kernels of depthwise_conv2d for instruction sets."""
