"""``python -m cnnc``."""

from cnnc.cli import program

program()
