"""The instructions of a program, as ``objdump`` prints them."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnc.simulator.faults import EngineFailedError

_TIMEOUT_SECONDS = 120
_LINE = re.compile(r"\s*([0-9a-f]+):\s+([a-z]\S*)\s*([^;@<]*)")


@dataclass(frozen=True)
class Instruction:
    """One machine instruction.

    Attributes:
        mnemonic: Without the width: ``ldr``, not ``ldr.w``; with a condition if it has one.
        operands: E.g. ``r0, [r1, #4]``.
        previous: Address of the instruction before it; None at the start of a section.
    """

    mnemonic: str
    operands: str
    previous: int | None


def find_disassembler(compiler: str) -> str | None:
    """Return the ``objdump`` that belongs to a compiler; None if it is not installed.

    Args:
        compiler: Path of a gcc or clang.
    """
    path = Path(compiler)
    beside = str(path.with_name(path.name.replace("gcc", "objdump")))
    candidates = [beside] if "gcc" in path.name else []
    candidates += ["llvm-objdump", "arm-none-eabi-objdump"]
    return next((found for name in candidates if (found := shutil.which(name))), None)


def disassemble(disassembler: str, program: Path) -> Mapping[int, Instruction]:
    """Return every instruction of a program by address.

    Args:
        disassembler: What ``find_disassembler`` returned.
        program: ELF file.

    Raises:
        EngineFailedError: The disassembler fails.
    """
    command = [disassembler, "-d", "--no-show-raw-insn", str(program)]
    try:
        done = subprocess.run(  # noqa: S603 (found on the PATH)
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error
    if done.returncode != 0:
        raise EngineFailedError(f"'{command[0]}' failed: {done.stderr.strip()}", where=command[0])
    return parse_disassembly(done.stdout)


def parse_disassembly(text: str) -> Mapping[int, Instruction]:
    """Return the instructions of ``objdump -d --no-show-raw-insn`` by address."""
    instructions: dict[int, Instruction] = {}
    previous: int | None = None
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        address = int(match[1], 16)
        mnemonic = match[2].removesuffix(".w").removesuffix(".n")
        instructions[address] = Instruction(mnemonic, match[3].strip(), previous)
        previous = address
    return instructions
