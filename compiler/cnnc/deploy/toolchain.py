"""Find compilers and emulators on this machine, and say how to get those that are missing."""

import shutil
from dataclasses import dataclass

from cnnc.deploy.targets import Core, Target, cores
from cnnc.errors import ToolchainError


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


TOOLS = {
    tool.command: tool
    for tool in (
        Tool("gcc", "compiles the emitted C for this machine", ("gcc", "libc6-dev")),
        Tool("clang", "an alternative compiler for this machine", ("clang", "libc6-dev")),
        Tool("cc", "an alternative compiler for this machine", ("gcc", "libc6-dev")),
        Tool(
            "aarch64-linux-gnu-gcc",
            "compiles for 64-bit Raspberry Pi",
            ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"),
        ),
        Tool("qemu-aarch64", "runs 64-bit Raspberry Pi programs on this machine", ("qemu-user",)),
    )
}


def find_compiler(core: Core) -> Tool:
    """Return the first installed compiler of a core.

    Raises:
        ToolchainError: None is installed; the remedy is the install command of the preferred one.
    """
    for command in core.compilers:
        if TOOLS[command].path is not None:
            return TOOLS[command]
    raise missing_tool(TOOLS[core.compilers[0]])


def find_emulator(core: Core) -> tuple[str, ...]:
    """Return the command prefix that runs the core's programs here; empty for the host.

    Raises:
        ToolchainError: The emulator is not installed.
    """
    if not core.emulator:
        return ()
    tool = TOOLS[core.emulator[0]]
    if tool.path is None:
        raise missing_tool(tool)
    return (tool.path, *core.emulator[1:])


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


def tools_of(target: Target) -> tuple[Tool, ...]:
    """Return every program that ``simulate`` may call for a target."""
    commands = [*target.core.compilers[:1], *target.core.emulator[:1]]
    return tuple(TOOLS[command] for command in commands)
