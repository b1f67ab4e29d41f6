"""Linker scripts and start-up code of programs without an operating system."""

from dataclasses import dataclass

from cnnc.codegen.render import render
from cnnc.resources import tree

_COMMON_FILES = ("cnnc_firmware.h", "cnnc_semihosting.c", "cnnc_start.c")


@dataclass(frozen=True)
class Region:
    """Memory that lies in one piece.

    Attributes:
        address: Of the first byte.
        bytes: Size.
    """

    address: int
    bytes: int


@dataclass(frozen=True)
class MemoryMap:
    """Where a program lies.

    Attributes:
        description: What the memory belongs to.
        flash: Code, constants and the initial values of variables.
        ram: Stack, variables, and the rest.
        stack_bytes: How much of the RAM is the stack.
    """

    description: str
    flash: Region
    ram: Region
    stack_bytes: int


@dataclass(frozen=True)
class LinkerView:
    """What the linker script's template sees; numbers are texts of the linker's language."""

    description: str
    entry: str
    flash_address: str
    flash_bytes: str
    ram_address: str
    ram_bytes: str
    stack_bytes: int
    boot_section: bool
    global_pointer: bool


def linker_script(memory: MemoryMap, startup: str, *, boot_section: bool = False) -> str:
    """Return the linker script of a program in this memory.

    Args:
        memory: Where.
        startup: Which start-up code the program has; a field of the core.
        boot_section: Whether the flash begins with code of its own before the vector table.
    """
    is_riscv = startup == "riscv"
    return render(
        "project/firmware/link.ld.j2",
        LinkerView(
            description=memory.description,
            entry="_start" if is_riscv else "cnnc_reset",
            flash_address=f"0x{memory.flash.address:08x}",
            flash_bytes=_size_text(memory.flash.bytes),
            ram_address=f"0x{memory.ram.address:08x}",
            ram_bytes=_size_text(memory.ram.bytes),
            stack_bytes=memory.stack_bytes,
            boot_section=boot_section,
            global_pointer=is_riscv,
        ),
    )


def startup_files(startup: str) -> dict[str, bytes]:
    """Return the C between reset and main, and its console, by file name.

    Args:
        startup: A field of the core.
    """
    processor = "cnnc_startup_riscv.c" if startup == "riscv" else "cnnc_startup_cortex_m.c"
    folder = tree("runtime") / "firmware"
    return {name: (folder / name).read_bytes() for name in sorted((*_COMMON_FILES, processor))}


def _size_text(size: int) -> str:
    return f"{size // 1024}K" if size % 1024 == 0 else str(size)
