"""Linker scripts and start-up code of programs without an operating system."""

from dataclasses import dataclass

from cnnc.codegen.render import render
from cnnc.deploy.machines import MemoryMap
from cnnc.resources import tree

_COMMON_FILES = ("cnnc_firmware.h", "cnnc_semihosting.c", "cnnc_start.c")


@dataclass(frozen=True)
class LinkerView:
    """What the linker script's template sees; numbers are texts of the linker's language."""

    description: str
    vector_address: str | None
    boot_address: str | None
    boot_bytes: int
    flash_address: str
    flash_bytes: str
    ram_address: str
    ram_bytes: str
    stack_bytes: int
    global_pointer: bool


def linker_script(
    description: str,
    memory: MemoryMap,
    startup: str,
    stack_bytes: int,
    boot_address: int | None = None,
) -> str:
    """Return the linker script of a program in this memory.

    Args:
        description: What the memory belongs to.
        memory: Where flash and RAM are.
        startup: Which start-up code the program has; a field of the core.
        stack_bytes: How much of the RAM is the stack.
        boot_address: Where a boot stage lies before the flash; None if there is none.
    """
    is_riscv = startup == "riscv"
    vectors_apart = memory.vector_address != memory.flash_address
    return render(
        "project/firmware/link.ld.j2",
        LinkerView(
            description=description,
            vector_address=_address_text(memory.vector_address) if vectors_apart else None,
            boot_address=None if boot_address is None else _address_text(boot_address),
            boot_bytes=0 if boot_address is None else memory.flash_address - boot_address,
            flash_address=_address_text(memory.flash_address),
            flash_bytes=_size_text(memory.flash_bytes),
            ram_address=_address_text(memory.ram_address),
            ram_bytes=_size_text(memory.ram_bytes),
            stack_bytes=stack_bytes,
            global_pointer=is_riscv,
        ),
    )


def startup_files(startup: str, boot: str = "") -> dict[str, bytes]:
    """Return the C between reset and main, and its console, by file name.

    Args:
        startup: A field of the core.
        boot: A field of the board: one more file.
    """
    processor = "cnnc_startup_riscv.c" if startup == "riscv" else "cnnc_startup_cortex_m.c"
    folder = tree("runtime") / "firmware"
    names: set[str] = {*_COMMON_FILES, processor}
    if boot:
        names.add(boot)
    return {name: (folder / name).read_bytes() for name in sorted(names)}


def _address_text(address: int) -> str:
    return f"0x{address:08x}"


def _size_text(size: int) -> str:
    return f"{size // 1024}K" if size % 1024 == 0 else str(size)
