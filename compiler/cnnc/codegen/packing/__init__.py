"""Constants in the order and form that kernels for an instruction set read."""
