"""Break long lines of emitted C the way that clang-format does with the project's style."""

import re

COLUMN_LIMIT = 100

_CALL = re.compile(r"(?P<head>.*?\()(?P<arguments>[^()]*(?:\([^()]*\)[^()]*)*)(?P<tail>\)[^()]*)")


def wrap_long_lines(text: str) -> str:
    """Return the text with long declarations and calls broken after commas.

    A continued line starts below the first argument and is filled as far as the limit goes.
    Between ``clang-format off`` and ``on``, and in macros, nothing changes.
    """
    lines = []
    active = True
    for line in text.split("\n"):
        if "clang-format o" in line:
            active = "clang-format on" in line
        wraps = active and len(line) > COLUMN_LIMIT and not line.startswith("#")
        lines += _wrapped(line) if wraps else [line]
    return "\n".join(lines)


def _wrapped(line: str) -> list[str]:
    match = _CALL.fullmatch(line)
    if match is None:
        return [line]
    head, tail = match["head"], match["tail"]
    arguments = _split(match["arguments"])
    lines = []
    current = head
    for index, argument in enumerate(arguments):
        last = index == len(arguments) - 1
        piece = argument + (tail if last else ",")
        separator = "" if current == head or not current.strip() else " "
        if separator and len(current) + 1 + len(piece) > COLUMN_LIMIT:
            lines.append(current)
            current, separator = " " * len(head), ""
        current += separator + piece
    return [*lines, current]


def _split(arguments: str) -> list[str]:
    """Return the arguments at the top level of parentheses."""
    pieces = [""]
    depth = 0
    for character in arguments:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return [piece.strip() for piece in pieces]
