"""Argument types that several verbs share; every fault is a ``UsageError``."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

from cnnc.errors import UsageError
from cnnc.ir.types import Shape

_UNITS = {"": 1, "k": 1024, "kb": 1024, "kib": 1024, "m": 2**20, "mb": 2**20, "mib": 2**20}


class Verbs(Protocol):
    """Where a verb adds its parser: what ``add_subparsers`` returns."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002 (argparse's name)
        """Add the parser of one verb."""
        ...


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of exiting, so that ``--json`` reports usage errors too.

    Options must be written in full: what ``--json`` and ``-v`` change happens before parsing.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (argparse's own options)
        super().__init__(**options)
        self.allow_abbrev = False

    def error(self, message: str) -> NoReturn:
        """Raise the fault with the command that prints the usage."""
        raise UsageError(message, f"'{self.prog} --help' lists what is allowed", self.prog)


def byte_count(text: str) -> int:
    """Parse ``65536``, ``0x10000``, ``64K`` or ``1M`` (powers of two)."""
    hexadecimal = re.fullmatch(r"0x[0-9a-f]+", text.strip().lower())
    if hexadecimal is not None:
        return int(hexadecimal.group(), base=16)
    match = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
    if match is None or match.group(2) not in _UNITS:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a size in bytes such as 65536, 0x10000 or 64K"
        )
    return int(match.group(1)) * _UNITS[match.group(2)]


def positive_count(text: str) -> int:
    """Parse an integer of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def input_shape(text: str) -> tuple[str, Shape]:
    """Parse ``NAME=1,3,32,32``; the name may hold any character."""
    name, separator, extents = text.rpartition("=")
    parts = extents.split(",")
    if not separator or not name or not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=1,3,32,32")
    shape = tuple(int(part) for part in parts)
    if min(shape) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': every extent must be at least 1")
    return name, shape


def input_shapes(pairs: Sequence[tuple[str, Shape]]) -> dict[str, Shape]:
    """Collect ``--input-shape`` options.

    Raises:
        UsageError: One input is pinned twice.
    """
    shapes: dict[str, Shape] = {}
    for name, shape in pairs:
        if name in shapes:
            raise UsageError(f"input '{name}' is pinned twice", "give one shape", "--input-shape")
        shapes[name] = shape
    return shapes


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print exactly one JSON document on stdout"
    )


def add_input_shape(parser: argparse.ArgumentParser) -> None:
    """Add ``--input-shape``."""
    parser.add_argument(
        "--input-shape",
        type=input_shape,
        action="append",
        default=[],
        metavar="NAME=1,3,32,32",
        help="pin the shape of an input whose shape is dynamic (may be repeated)",
    )
