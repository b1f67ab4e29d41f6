"""Break long lines of emitted C the way that clang-format does with the project's style."""

import re

COLUMN_LIMIT = 100

_CONTINUATION = "    "

_CALL = re.compile(r"(?P<head>.*?\()(?P<arguments>[^()]*(?:\([^()]*\)[^()]*)*)(?P<tail>\)[^()]*)")
_FUNCTION = re.compile(r"(?P<type>\w[\w ]*) (?P<rest>\w+\(.*)")


def wrap_long_lines(text: str) -> str:
    """Return the text with long declarations and calls broken after commas.

    A continued line starts below the first argument and is filled as far as the limit goes; a
    function's name goes below its return type where that is not enough.
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
    """Return the first of clang-format's ways that keeps the limit, else the last one."""
    match = _CALL.fullmatch(line)
    if match is None:
        return [line]
    aligned = _below_first_argument(match["head"], match)
    function = _FUNCTION.fullmatch(line)
    if function is None or _fits(aligned):
        return aligned
    named = _CALL.fullmatch(function["rest"])
    if named is not None:
        below_type = [function["type"], *_below_first_argument(named["head"], named)]
        if _fits(below_type):
            return below_type
    return [match["head"], *_below_first_argument(_CONTINUATION, match)]


def _fits(lines: list[str]) -> bool:
    return all(len(line) <= COLUMN_LIMIT for line in lines)


def _below_first_argument(head: str, match: re.Match[str]) -> list[str]:
    """Return the arguments after a head, continued below the first one."""
    arguments = _split(match["arguments"])
    pieces = [*(f"{argument}," for argument in arguments[:-1]), arguments[-1] + match["tail"]]
    lines = [head + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) <= COLUMN_LIMIT:
            lines[-1] += f" {piece}"
        else:
            lines.append(" " * len(head) + piece)
    return lines


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
