"""The emitted firmware as a user builds it: its size, its instructions, and its self-test."""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnc.codegen.firmware import BOARD_SCRIPT, EMULATED_SCRIPT
from cnnc.deploy.isa_check import foreign_instructions
from cnnc.deploy.targets import Target
from cnnc.deploy.toolchain import TOOLS
from cnnc.errors import UsageError
from cnnc.simulator.bare_metal import emulator_command
from cnnc.simulator.build import EmittedCode
from cnnc.simulator.compiler_calls import compile_files, link
from cnnc.simulator.disassembly import find_disassembler
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError
from cnnc.simulator.link_map import LinkMap, read_link_map
from cnnc.simulator.toolsets import Toolset, bare_metal_toolset

SELFTEST_OK = "ok"

_FLASH_SECTIONS = (".boot", ".vectors", ".text", ".rodata", ".ARM.extab", ".ARM.exidx", ".data")
_RAM_SECTIONS = (".stack", ".data", ".bss")
_SELFTEST_SECONDS = 600
_SHOWN_LINES = 5


@dataclass(frozen=True)
class FirmwareSizes:
    """Memory of the emitted program, from its linker's map.

    Attributes:
        flash_bytes: All of it: vector table, start-up code, example, self-test with its embedded
            sample, C library, and the network.
        ram_bytes: All of it: the stack that the linker script keeps, variables, arena.
        code_bytes: Code and small constants of the network alone, without weights, without the C
            library's functions that it calls.
        weights_bytes: The constant arrays.
    """

    flash_bytes: int
    ram_bytes: int
    code_bytes: int
    weights_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object's keys."""
        return dict(vars(self))


@dataclass(frozen=True)
class Firmware:
    """The emitted program, linked.

    Attributes:
        sizes: In the board's memory, or in the emulated machine's for a core on its own.
        emulated: ELF file for the emulated machine.
    """

    sizes: FirmwareSizes
    emulated: Path


def build_firmware(
    code: EmittedCode, target: Target, model_objects: Sequence[Path], folder: Path
) -> Firmware:
    """Build the program that ``compile`` emitted.

    Args:
        code: The emitted folder.
        target: Bare metal; a machine stands in for it.
        model_objects: Object files of what an inference needs, built without trace.
        folder: Where to build; does not exist yet.

    Raises:
        ToolchainError: The cross compiler is missing.
        UsageError: The folder holds no firmware.
        MemoryFitError: The program does not fit the board.
        FaultyCodeError: It does not compile, or holds instructions that the core lacks.
    """
    scripts = [code.directory / script for script in (EMULATED_SCRIPT, BOARD_SCRIPT)]
    if not scripts[0].is_file() or not (code.directory / "main.c").is_file():
        raise UsageError(
            f"'{code.directory}' holds no firmware", "compile the model again", EMULATED_SCRIPT
        )
    folder.mkdir(parents=True)
    toolset = bare_metal_toolset(target.core)
    flags = [f"-I{code.directory / place}" for place in ("include", "src", "firmware")]
    objects = [*model_objects, *compile_files(toolset, _program_sources(code), flags, folder)]
    linked = {
        script.stem: _link(toolset, objects, script, folder / f"{script.stem}.elf")
        for script in scripts
        if script.is_file()
    }
    emulated = folder / f"{scripts[0].stem}.elf"
    if target.core.startup == "armv6-m":
        _check_instructions(emulated, toolset, target)
    network = frozenset(path.stem for path in model_objects)
    sizes = _sizes(linked.get(scripts[1].stem, linked[scripts[0].stem]), network, code.model.name)
    return Firmware(sizes, emulated)


def run_selftest(firmware: Firmware, target: Target) -> str:
    """Run the program on the emulated machine.

    Returns:
        ``ok``, or what went wrong.

    Raises:
        ToolchainError: The emulator is missing.
        EngineFailedError: The emulator fails.
    """
    command = [*emulator_command(target), str(firmware.emulated.resolve())]
    with tempfile.TemporaryDirectory(prefix="cnnc-selftest-") as folder:
        try:
            done = subprocess.run(  # noqa: S603 (built by us a moment ago)
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_SELFTEST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it does not end; stopped after {_SELFTEST_SECONDS} s"
        except OSError as error:
            raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    if done.returncode == 0 and lines[-1:] == ["selftest ok"]:
        return SELFTEST_OK
    return "; ".join([f"it ended with status {done.returncode}", *lines[-_SHOWN_LINES:]])


def _program_sources(code: EmittedCode) -> list[Path]:
    """Return the C around the network, in the order of their names."""
    selftest = code.directory / "src" / f"{code.model.name}_selftest.c"
    around = [
        path for path in (code.directory / "firmware").iterdir() if path.suffix in {".c", ".S"}
    ]
    return [code.directory / "main.c", *([selftest] if selftest.is_file() else []), *sorted(around)]


def _link(toolset: Toolset, objects: Sequence[Path], script: Path, output: Path) -> LinkMap:
    map_file = output.with_suffix(".map")
    link(toolset, objects, ["-T", str(script), f"-Wl,-Map={map_file}"], output)
    return read_link_map(map_file.read_text(encoding="utf-8", errors="replace"))


def _sizes(linked: LinkMap, network: frozenset[str], name: str) -> FirmwareSizes:
    constants = {f"{name}_weights", "weights"}
    in_flash = [part for part in linked.contributions if part.output in _FLASH_SECTIONS]
    weights = sum(part.bytes for part in in_flash if part.file in constants)
    code = sum(part.bytes for part in in_flash if part.file in network - constants)
    return FirmwareSizes(
        flash_bytes=linked.total(*_FLASH_SECTIONS),
        ram_bytes=linked.total(*_RAM_SECTIONS),
        code_bytes=code,
        weights_bytes=weights,
    )


def _check_instructions(program: Path, toolset: Toolset, target: Target) -> None:
    disassembler = find_disassembler(toolset.compiler)
    if disassembler is None:
        raise EngineFailedError(
            f"no objdump beside {toolset.compiler}: the instructions cannot be checked",
            f"run: {TOOLS['arm-none-eabi-objdump'].install_command}",
            toolset.compiler,
        )
    foreign = foreign_instructions(program, disassembler)
    if foreign:
        problem = f"the program holds {len(foreign)} instructions that {target.core.name} lacks"
        raise FaultyCodeError(
            "\n".join([f"{problem}:", *foreign[:_SHOWN_LINES]]),
            "compile the model again with cnnc; if that does not help, report it",
            "src",
        )
