"""Read the map that GNU ld writes: which file brought how many bytes to which section."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_BEGIN = "Linker script and memory map"
_OUTPUT = re.compile(r"^(?P<name>\.\S+)\s+0x(?P<address>[0-9a-f]+)\s+0x(?P<size>[0-9a-f]+)\b")
_INPUT = re.compile(r"^ (?P<name>\S+)\s+0x[0-9a-f]+\s+0x(?P<size>[0-9a-f]+) (?P<file>\S.*)$")
_FILL = "*fill*"


@dataclass(frozen=True)
class Contribution:
    """What one file brought to a section.

    Attributes:
        output: Section of the program, e.g. ``.text``.
        file: Name of the object file, without folder and suffix.
        bytes: Size.
    """

    output: str
    file: str
    bytes: int


@dataclass(frozen=True)
class LinkMap:
    """The sections of a program.

    Attributes:
        sections: Size of each by name.
        contributions: What they are made of, without the filling for alignment.
    """

    sections: dict[str, int]
    contributions: tuple[Contribution, ...]

    def total(self, *names: str) -> int:
        """Return the bytes of some sections; one that is not there has none."""
        return sum(self.sections.get(name, 0) for name in names)


def read_link_map(text: str) -> LinkMap:
    """Take a map apart.

    Args:
        text: What ``ld -Map`` wrote.
    """
    sections: dict[str, int] = {}
    contributions: list[Contribution] = []
    output = ""
    for line in _joined_lines(text[text.find(_BEGIN) :]):
        head = _OUTPUT.match(line)
        if head is not None:
            output = head["name"]
            sections[output] = int(head["size"], 16)
            continue
        part = _INPUT.match(line)
        if part is not None and part["name"] != _FILL:
            size = int(part["size"], 16)
            contributions.append(Contribution(output, _stem(part["file"]), size))
    return LinkMap(sections, tuple(contributions))


def _joined_lines(text: str) -> Iterator[str]:
    """Return lines; a name that is too long for its column stands on a line of its own."""
    pending = ""
    for line in text.splitlines():
        is_name = re.fullmatch(r" ?\.\S+", line) is not None
        if is_name:
            pending = line
            continue
        yield pending + line if pending and line.startswith("  ") else line
        pending = ""


def _stem(file: str) -> str:
    """Return ``lenet`` for ``/tmp/lenet.o`` and for ``liblenet.a(lenet.o)``."""
    member = re.search(r"\(([^()]+)\)$", file)
    return PurePosixPath(member[1] if member else Path(file).name).stem
