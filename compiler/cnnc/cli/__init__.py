"""The command line: one file a verb."""

from cnnc.cli.main import main, program

__all__ = ["main", "program"]
