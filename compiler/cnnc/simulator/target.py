"""The emitted C cross-compiled and run in an emulator of the target's core."""

import logging
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnc.deploy.reserves import STACK_BYTES
from cnnc.deploy.targets import Target
from cnnc.deploy.toolchain import find_compiler, find_emulator, find_tool
from cnnc.simulator.bare_metal import build_bare_metal
from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.firmware import SELFTEST_OK, build_firmware, run_selftest
from cnnc.simulator.profile import Profiler, not_counted
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.toolsets import target_toolset

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Footprint:
    """Memory of the emitted C without harness, trace and C library.

    Attributes:
        flash_bytes: Code, constants and initial values of variables.
        static_bytes: Variables.
    """

    flash_bytes: int
    static_bytes: int


@dataclass(frozen=True, eq=False)
class TargetEngine:
    """The engine, and what only it can say.

    Attributes:
        engine: Compared with the reference.
        fixed: Details that are known before anything runs.
        profiler: Counts the instructions of an inference.
    """

    engine: CompiledEngine
    fixed: Mapping[str, Any]
    profiler: Profiler

    def details(self) -> Mapping[str, Any]:
        """Return ``machine``, sizes, and what was measured while it ran.

        A self-test that passed has proven nothing if it needed more stack than the emitted program
        keeps: what lies below need not be where an access faults.
        """
        stack_bytes = self.engine.stack_bytes
        details = {**self.fixed, "stack_bytes": stack_bytes}
        if details["selftest"] == SELFTEST_OK and (stack_bytes or 0) > STACK_BYTES:
            details["selftest"] = (
                f"an inference has {stack_bytes:,} bytes on the stack, more than the "
                f"{STACK_BYTES:,} that the linker script keeps"
            )
        return details


def start_target(
    code: EmittedCode, target: Target, folder: Path, arena_bytes: int
) -> dict[str, TargetEngine]:
    """Build the C for the target, with and without trace.

    Args:
        code: What to build.
        target: Not the host.
        folder: Where to build; does not exist yet.
        arena_bytes: Memory that the caller provides for one inference.

    Returns:
        Kernel set -> its engine on a processor that has it; the empty name stands for the kernels
        of every processor of the target, on the least of them.

    Raises:
        ToolchainError: The cross compiler or the emulator is missing.
        EngineFailedError: The compiler fails.
        FaultyCodeError: The C does not compile.
    """
    if target.core.is_bare_metal:
        return {"": _start_bare_metal(code, target, folder)}
    toolset = target_toolset(target.core)
    emulator = find_emulator(target)
    traced = build_program(code, toolset, folder / "traced", traced=True)
    plain = build_program(code, toolset, folder / "plain", traced=False)
    details = _sizes(code, target, plain.model_objects, arena_bytes)
    engines = dict[str, TargetEngine]()
    for number, kernel_set in enumerate((None, *code.used_sets)):
        command, wanted = emulator, number if code.used_sets else None
        if kernel_set is not None:
            details = {**details, "machine": " ".join(kernel_set.emulator) or None}
            command = find_tool(kernel_set.emulator)
        runners = [ProgramRunner(b.path, command, kernel_set=wanted) for b in (traced, plain)]
        name = kernel_set.name if kernel_set is not None else ""
        engines[name] = _engine(code, target, runners, details, name)
    return engines


def _sizes(
    code: EmittedCode, target: Target, objects: Sequence[Path], arena_bytes: int
) -> dict[str, Any]:
    """Return the details that are known before anything runs."""
    footprint = measure_objects(_compiler(target), objects)
    loaded = code.loaded_weights.stat().st_size if code.loaded_weights is not None else 0
    return {
        **no_target_details(target),
        "flash_bytes": footprint.flash_bytes + loaded if footprint else None,
        "ram_bytes": footprint.static_bytes + arena_bytes if footprint else None,
    }


def _start_bare_metal(code: EmittedCode, target: Target, folder: Path) -> TargetEngine:
    builds = [
        build_bare_metal(code, target, folder / name, traced=traced)
        for name, traced in (("traced", True), ("plain", False))
    ]
    runners = [ProgramRunner(build.elf, build.emulator, bare=True) for build in builds]
    firmware = build_firmware(code, target, builds[1].model_objects, folder / "firmware")
    details = {
        **no_target_details(target),
        **firmware.sizes.to_json(),
        "selftest": run_selftest(firmware, target),
    }
    return _engine(code, target, runners, details)


def _engine(
    code: EmittedCode,
    target: Target,
    runners: Sequence[ProgramRunner],
    details: Mapping[str, Any],
    kernel_set: str = "",
) -> TargetEngine:
    """Return the engine of a traced and a plain build."""
    traced, plain = runners
    profiler = Profiler(
        code.model, plain, _compiler(target), target.core.timing, kernel_set, code.has_threads
    )
    return TargetEngine(CompiledEngine(code.model, traced, plain), details, profiler)


def _compiler(target: Target) -> str:
    """Return the path of the compiler that builds for a target."""
    tool = find_compiler(target.core)
    return tool.path or tool.command


def no_target_details(target: Target) -> dict[str, Any]:
    """Return the same keys for an engine that did not run.

    ``code_bytes``, ``weights_bytes`` and ``selftest`` are of firmware: null under Linux.
    """
    return {
        "machine": target.emulated_by or None,
        "clock_hz": target.clock_hz,
        **not_counted(None),
        "flash_bytes": None,
        "ram_bytes": None,
        "stack_bytes": None,
        "code_bytes": None,
        "weights_bytes": None,
        "selftest": None,
    }


def measure_objects(compiler: str, objects: Sequence[Path]) -> Footprint | None:
    """Sum up the sections of object files; None if the compiler's ``size`` is not there.

    Args:
        compiler: Path of the one that made them.
        objects: What to measure.
    """
    path = Path(compiler)
    size_tool = shutil.which(str(path.with_name(path.name.replace("gcc", "size"))))
    if size_tool is None or "gcc" not in path.name:
        return None
    done = subprocess.run(  # noqa: S603 (found beside the compiler)
        [size_tool, "-B", *map(str, objects)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        logger.warning("%s failed: %s", size_tool, done.stderr.strip())
        return None
    rows = [[int(number) for number in row.split()[:3]] for row in done.stdout.splitlines()[1:]]
    text, data, bss = (sum(column) for column in zip(*rows, strict=True))
    return Footprint(flash_bytes=text + data, static_bytes=data + bss)
