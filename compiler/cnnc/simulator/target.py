"""The emitted C cross-compiled and run in an emulator of the target's core."""

import logging
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnc.deploy.targets import Target
from cnnc.deploy.toolchain import find_emulator
from cnnc.simulator.build import (
    EmittedCode,
    Toolset,
    build_program,
    compile_model,
    target_toolset,
)
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.runners import ProgramRunner

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


def start_target(code: EmittedCode, target: Target, folder: Path) -> CompiledEngine:
    """Build the C for the target, with and without trace.

    Args:
        code: What to build.
        target: Not the host.
        folder: Empty folder to build in.

    Raises:
        ToolchainError: The cross compiler or the emulator is missing, or the compiler fails.
    """
    toolset = target_toolset(target.core)
    emulator = find_emulator(target.core)
    traced = build_program(code, toolset, folder / "traced", traced=True)
    plain = build_program(code, toolset, folder / "plain", traced=False)
    return CompiledEngine(
        code.model, ProgramRunner(traced, emulator), ProgramRunner(plain, emulator)
    )


def target_details(
    code: EmittedCode, target: Target, folder: Path, arena_bytes: int
) -> dict[str, Any]:
    """Return the keys that only the target engine has.

    Instructions and stack are null: counting them needs an emulator plug-in.

    Args:
        code: What was built.
        target: For which.
        folder: Empty folder to build in.
        arena_bytes: Memory that the caller provides for one inference.
    """
    folder.mkdir()
    toolset = target_toolset(target.core)
    objects = compile_model(code, toolset, folder, traced=False)
    footprint = measure_objects(toolset, objects)
    return {
        **no_target_details(target),
        "flash_bytes": footprint.flash_bytes if footprint else None,
        "ram_bytes": footprint.static_bytes + arena_bytes if footprint else None,
    }


def no_target_details(target: Target) -> dict[str, Any]:
    """Return the same keys for an engine that did not run."""
    emulated = target.emulation.machine if target.emulation else " ".join(target.core.emulator)
    return {
        "machine": emulated or None,
        "instructions_per_inference": None,
        "flash_bytes": None,
        "ram_bytes": None,
        "stack_bytes": None,
    }


def measure_objects(toolset: Toolset, objects: Sequence[Path]) -> Footprint | None:
    """Sum up the sections of object files; None if the compiler's ``size`` is not there."""
    compiler = Path(toolset.compiler)
    size_tool = shutil.which(str(compiler.with_name(compiler.name.replace("gcc", "size"))))
    if size_tool is None or "gcc" not in compiler.name:
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
