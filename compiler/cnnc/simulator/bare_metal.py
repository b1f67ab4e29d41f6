"""Programs without an operating system: built with start-up code, run in an emulated machine."""

from dataclasses import dataclass
from pathlib import Path

from cnnc.codegen.firmware_view import EMULATOR_OPTIONS
from cnnc.codegen.memory_map import linker_script, startup_files
from cnnc.deploy.cores import Core
from cnnc.deploy.machines import Machine
from cnnc.deploy.targets import Target
from cnnc.deploy.toolchain import find_emulator
from cnnc.errors import InternalError
from cnnc.simulator.build import (
    EmittedCode,
    Surroundings,
    build_program,
    harness_files,
)
from cnnc.simulator.toolsets import bare_metal_toolset

_STACK_BYTES = 65536
"""Far more than any inference needs: what it does need is measured."""

_HARNESS = "cnnc_harness_bare.c"
_LINKER_SCRIPT = "link.ld"


@dataclass(frozen=True)
class BareMetalBuild:
    """The emitted C with the harness, for an emulated machine.

    Attributes:
        elf: The program. It reads the file ``request`` of the folder that it is run in and writes
            ``records`` and ``stack``.
        model_objects: Object files of the emitted C alone.
        machine: What runs it.
        emulator: Command that the program's path is appended to.
    """

    elf: Path
    model_objects: tuple[Path, ...]
    machine: Machine
    emulator: tuple[str, ...]


def build_bare_metal(
    code: EmittedCode, target: Target, folder: Path, *, traced: bool
) -> BareMetalBuild:
    """Build a program that answers a request in the machine that stands in for a target.

    Args:
        code: What to compile.
        target: What to compile it for; a core on its own will do.
        folder: Where to build; does not exist yet.
        traced: Define ``CNNC_TRACE``.

    Raises:
        ToolchainError: The cross compiler or the emulator is missing, or nothing stands in.
        EngineFailedError: The compiler fails.
        FaultyCodeError: The C does not compile, or does not fit the machine.
    """
    emulator = emulator_command(target)
    machine = target.machine
    if machine is None:
        raise InternalError(f"{target.name} has an emulator but no machine")
    toolset = bare_metal_toolset(target.core)
    surroundings = bare_metal_surroundings(target.core, machine)
    build = build_program(code, toolset, folder, traced=traced, surroundings=surroundings)
    return BareMetalBuild(build.path, build.model_objects, machine, emulator)


def emulator_command(target: Target) -> tuple[str, ...]:
    """Return the command that a bare-metal program's path is appended to.

    Raises:
        ToolchainError: The emulator is not installed, or nothing stands in.
    """
    return (*find_emulator(target), *EMULATOR_OPTIONS, "-kernel")


def bare_metal_surroundings(core: Core, machine: Machine) -> Surroundings:
    """Return start-up code, linker script and harness of a core's programs in a machine."""
    startup = startup_files(core.startup)
    script = linker_script(machine.description, machine.memory, core.startup, _STACK_BYTES)
    return Surroundings(
        files={
            **startup,
            **harness_files(_HARNESS),
            _LINKER_SCRIPT: script.encode("utf-8"),
        },
        main=_HARNESS,
        startup=tuple(name for name in startup if name.endswith(".c")),
        linker_script=_LINKER_SCRIPT,
    )
