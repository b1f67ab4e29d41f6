"""Find compilers and emulators on this machine, and say how to get those that are missing."""

from collections.abc import Iterator, Mapping, Sequence

from cnnc.deploy.cores import Core, cores
from cnnc.deploy.targets import Target
from cnnc.deploy.tools import Tool, tools
from cnnc.errors import ToolchainError


class _Tools(Mapping[str, Tool]):
    """Reads the file at the first use: a fault in it is an error of the verb, not of an import."""

    def __getitem__(self, command: str) -> Tool:
        return tools()[command]

    def __iter__(self) -> Iterator[str]:
        return iter(tools())

    def __len__(self) -> int:
        return len(tools())


TOOLS: Mapping[str, Tool] = _Tools()
"""Every tool by command; a use raises BoardError if boards/tools.toml has a fault."""


def find_compiler(core: Core) -> Tool:
    """Return the first installed compiler of a core.

    Raises:
        ToolchainError: None is installed; the remedy is the install command of the preferred one.
            Or none is known.
    """
    if not core.compilers:
        raise ToolchainError(
            f"no compiler for {core.name} is known here; the emitted C itself is complete",
            "build it with the vendor's tools",
            core.name,
        )
    for command in core.compilers:
        if TOOLS[command].path is not None:
            return TOOLS[command]
    raise missing_tool(TOOLS[core.compilers[0]])


def find_emulator(target: Target) -> tuple[str, ...]:
    """Return the command prefix that runs the target's programs here; empty for the host.

    Raises:
        ToolchainError: The emulator is not installed, or nothing emulates the target.
    """
    command = target.emulator
    if not command and target.core.is_bare_metal:
        raise ToolchainError(
            f"nothing stands in for {target.name} here",
            "simulate with --engines reference,host,tflite, which compute the same bytes; for a "
            "board of yours name the 'machine' that 'cnnc boards CORE' shows, under [emulation]",
            target.name,
        )
    return find_tool(command)


def find_tool(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command with the path of its first word; empty if it is.

    Raises:
        ToolchainError: It is not installed.
    """
    if not command:
        return ()
    tool = TOOLS[command[0]]
    if tool.path is None:
        raise missing_tool(tool)
    return (tool.path, *command[1:])


def missing_tool(tool: Tool) -> ToolchainError:
    """Return the error for a tool that is not installed."""
    return ToolchainError(
        f"'{tool.command}' is not installed; it {tool.purpose}",
        f"run: {tool.install_command}",
        tool.command,
    )


def host_core() -> Core:
    """Return the core of the machine that cnnc runs on."""
    return cores()["host"]
