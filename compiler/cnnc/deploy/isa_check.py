"""Show that a program for Armv6-M holds no instruction of a later core.

Programs for Cortex-M0 and M0+ run on an emulated Cortex-M3, which would not object. What is code
and what is data between it is told by objdump; what an instruction is, by its encoding (Armv6-M
Architecture Reference Manual, ARM DDI 0419, chapters A5 and A6).
"""

import re
import subprocess
from pathlib import Path

from cnnc.errors import ToolchainError

_FUNCTION = re.compile(r"^[0-9a-f]+ <(?P<name>.*)>:$")
_INSTRUCTION = re.compile(
    r"^ *(?P<address>[0-9a-f]+):\t(?P<first>[0-9a-f]{4})(?: (?P<second>[0-9a-f]{4}))?"
    r" *\t(?P<text>.*)$"
)
_DATA = "."
"""How objdump's name for something that is not code begins, as in ``.word``."""
_SHOWN_LINES = 5

# (mask, value) of a halfword or of both.
_LATER_NARROW = (
    (0xF500, 0xB100),  # CBZ, CBNZ
    (0xFFC0, 0xBA80),  # HLT
    (0xFF07, 0x4704),  # BXNS, BLXNS
)
_WIDE = (
    (0xF800D000, 0xF000D000),  # BL
    (0xFFE0D000, 0xF3808000),  # MSR
    (0xFFE0D000, 0xF3E08000),  # MRS
    (0xFFFFFFF0, 0xF3BF8F40),  # DSB
    (0xFFFFFFF0, 0xF3BF8F50),  # DMB
    (0xFFFFFFF0, 0xF3BF8F60),  # ISB
    (0xFFF0F000, 0xF7F0A000),  # UDF
)


def foreign_instructions(elf: Path, objdump: str) -> list[str]:
    """Return the instructions of a program that Armv6-M lacks, each with address and function.

    Args:
        elf: Linked program or object file, Thumb code.
        objdump: Command that disassembles it, e.g. ``arm-none-eabi-objdump``.

    Raises:
        ToolchainError: The disassembler is missing or fails, or finds no instruction at all.
    """
    function = ""
    instructions = 0
    foreign: list[str] = []
    for line in _disassemble(elf, objdump):
        header = _FUNCTION.match(line)
        if header is not None:
            function = header["name"]
        found = _INSTRUCTION.match(line)
        if found is None or found["text"].startswith(_DATA):
            continue
        instructions += 1
        second = int(found["second"], 16) if found["second"] else None
        if not is_armv6m(int(found["first"], 16), second):
            text = " ".join(found["text"].split())
            foreign.append(f"{found['address']} <{function}>: {text}")
    if instructions == 0:
        raise ToolchainError(f"{objdump} finds no instruction in '{elf.name}'", "", objdump)
    return foreign


def is_armv6m(first: int, second: int | None) -> bool:
    """Return whether an instruction belongs to Armv6-M.

    Args:
        first: First halfword.
        second: The other one; None for a 16-bit instruction.
    """
    if second is not None:
        return _matches(first << 16 | second, _WIDE)
    if_then = first & 0xFF00 == 0xBF00 and first & 0x000F != 0
    return not (if_then or _matches(first, _LATER_NARROW))


def _matches(encoding: int, patterns: tuple[tuple[int, int], ...]) -> bool:
    return any(encoding & mask == value for mask, value in patterns)


def _disassemble(elf: Path, objdump: str) -> list[str]:
    command = [objdump, "--disassemble", "--disassembler-options=force-thumb", str(elf.resolve())]
    try:
        done = subprocess.run(  # noqa: S603 (no shell)
            command, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ToolchainError(f"'{objdump}' cannot be run: {error}", "", objdump) from error
    if done.returncode != 0:
        lines = "\n".join(done.stderr.splitlines()[:_SHOWN_LINES])
        raise ToolchainError(f"'{objdump}' failed:\n{lines}", "", objdump)
    return done.stdout.splitlines()
