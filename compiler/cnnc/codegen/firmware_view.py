"""What the templates of a bare-metal project see."""

from dataclasses import dataclass

from cnnc.deploy.reserves import STACK_BYTES
from cnnc.deploy.targets import Target
from cnnc.errors import InternalError

EMULATOR_OPTIONS = (
    *("-nographic", "-monitor", "none", "-serial", "none"),
    *("-semihosting-config", "enable=on,target=native"),
)
"""Of every emulated machine: the only console is semihosting, whose files lie where it runs."""


@dataclass(frozen=True)
class FirmwareView:
    """A project for a core without an operating system.

    Attributes:
        target: Name of the board or core.
        description: The same in words.
        prefix: Start of the GNU tools' names, e.g. ``arm-none-eabi-``.
        core_flags: Compiler arguments that choose the core.
        library_flags: Those that choose the C library.
        link_flags: Those of a link.
        clang_target: Clang's ``--target``; empty where it is not used.
        processor: CMake's name of the architecture.
        startup: C and assembly files of ``firmware/``, sorted.
        has_startup_assembly: Whether one of them is assembly.
        has_board: Whether the board's own linker script is there.
        stand_in: The emulated machine in words; empty if there is none.
        emulator: Its command; empty if there is none.
        stack_bytes: RAM that the linker script keeps for the stack.
        programming: Commands that put the firmware on the board.
    """

    target: str
    description: str
    prefix: str
    core_flags: str
    library_flags: str
    link_flags: str
    clang_target: str
    processor: str
    startup: tuple[str, ...]
    has_startup_assembly: bool
    has_board: bool
    stand_in: str
    emulator: str
    stack_bytes: int
    programming: tuple[str, ...]


def firmware_view(target: Target, startup: tuple[str, ...]) -> FirmwareView:
    """Return the view of a bare-metal target.

    Args:
        target: Its core has start-up code.
        startup: C and assembly files of ``firmware/``.

    Raises:
        InternalError: The core has no GNU compiler.
    """
    core, machine = target.core, target.machine
    compiler = next((name for name in core.compilers if name.endswith("-gcc")), None)
    if compiler is None:
        raise InternalError(f"{core.name} has start-up code but no GNU compiler")
    return FirmwareView(
        target=target.name,
        description=target.description,
        prefix=compiler.removesuffix("gcc"),
        core_flags=" ".join(core.c_flags),
        library_flags=" ".join(core.library_flags),
        link_flags=" ".join(core.link_flags),
        clang_target=core.clang_target,
        processor="riscv" if core.startup == "riscv" else "arm",
        startup=startup,
        has_startup_assembly=any(name.endswith(".S") for name in startup),
        has_board=target.memory is not None,
        stand_in=machine.description if machine else "",
        emulator=" ".join((*machine.emulator, *EMULATOR_OPTIONS)) if machine else "",
        stack_bytes=STACK_BYTES,
        programming=target.programming,
    )
