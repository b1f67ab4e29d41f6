"""The emitted C compiled for this machine."""

from pathlib import Path

from cnnc.simulator.build import (
    EmittedCode,
    Toolset,
    build_library,
    build_program,
    host_toolset,
    sanitizing_toolset,
)
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.runners import LibraryRunner, ProgramRunner, Runner


def start_host(code: EmittedCode, folder: Path, *, sanitize: bool = False) -> CompiledEngine:
    """Build the C for this machine.

    Args:
        code: What to build.
        folder: Empty folder to build in.
        sanitize: Run as a program under ASan and UBSan instead of as a library.

    Raises:
        ToolchainError: No compiler is installed, or it fails.
    """
    toolset = sanitizing_toolset() if sanitize else host_toolset()
    traced = _runner(code, toolset, folder / "traced", sanitize=sanitize, traced=True)
    plain = _runner(code, toolset, folder / "plain", sanitize=sanitize, traced=False)
    return CompiledEngine(code.model, traced, plain)


def _runner(
    code: EmittedCode, toolset: Toolset, folder: Path, *, sanitize: bool, traced: bool
) -> Runner:
    if sanitize:
        return ProgramRunner(build_program(code, toolset, folder, traced=traced).path)
    return LibraryRunner(build_library(code, toolset, folder, traced=traced).path)
