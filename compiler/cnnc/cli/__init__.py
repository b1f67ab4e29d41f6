"""The command line: one file a verb."""

from cnnc.cli.main import main

__all__ = ["main"]
