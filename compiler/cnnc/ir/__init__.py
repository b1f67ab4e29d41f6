"""The two models that a network is while it is compiled: float, then quantized."""
