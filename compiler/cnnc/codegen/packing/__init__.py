"""How weights and constants are laid out for kernels of an instruction set."""
