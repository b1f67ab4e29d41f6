"""Programs that cnnc calls, read from ``boards/tools.toml``."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnnc.deploy.description import check_keys, nearest, tables_of
from cnnc.errors import BoardError

TOOLS_FILE = "tools.toml"


@dataclass(frozen=True)
class Tool:
    """One program that cnnc calls.

    Attributes:
        command: Name on the PATH.
        purpose: What it is needed for.
        packages: Debian packages that bring it.
    """

    command: str
    purpose: str
    packages: tuple[str, ...]

    @property
    def path(self) -> str | None:
        """Where it is installed, or None."""
        return shutil.which(self.command)

    @property
    def install_command(self) -> str:
        """The command that installs it on Debian, Ubuntu and Raspberry Pi OS."""
        return f"sudo apt-get install {' '.join(self.packages)}"


@cache
def tools() -> dict[str, Tool]:
    """Return every tool by command.

    Raises:
        BoardError: tools.toml has an unknown, missing or ill-typed field.
    """
    return {command: parse_tool(command, table) for command, table in tables_of(TOOLS_FILE).items()}


def parse_tool(command: str, table: Mapping[str, Any]) -> Tool:
    """Build a tool from its table.

    Raises:
        BoardError: Unknown, missing or ill-typed field, or no package.
    """
    where = f"{TOOLS_FILE} [{command}]"
    check_keys(where, table, {"purpose": str, "packages": list})
    if not table["packages"]:
        raise BoardError(f"{where}: packages is empty", "name the Debian package", where)
    return Tool(command, table["purpose"], tuple(table["packages"]))


def check_tool(command: str, where: str) -> None:
    """Check that a command that a core names is described.

    Raises:
        BoardError: It is not in tools.toml.
    """
    if command not in tools():
        hint = f"describe it in boards/{TOOLS_FILE}; {nearest(command, tools())}"
        raise BoardError(f"{where}: unknown tool '{command}'", hint, where)
