"""What bare metal keeps of a board's memory for others than the network."""

STACK_RESERVE_BYTES = 2 * 1024
"""RAM kept for the stack and the variables of start-up code, program and C library."""

CODE_RESERVE_BYTES = 16 * 1024
"""Flash kept for code: 12 kB of a network's and 4 kB of start-up code and C library."""

_VARIABLES_BYTES = 256
"""Kept for variables other than the arena."""

STACK_BYTES = STACK_RESERVE_BYTES - _VARIABLES_BYTES
"""Stack of the emitted program: what the fit check lets through links."""
