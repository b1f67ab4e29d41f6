"""The emitted C compiled for this machine."""

from pathlib import Path

from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.toolsets import host_toolset, sanitizing_toolset


def start_host(code: EmittedCode, folder: Path, *, sanitize: bool = False) -> CompiledEngine:
    """Build the C for this machine.

    Args:
        code: What to build.
        folder: Empty folder to build in.
        sanitize: With ASan and UBSan.

    Raises:
        ToolchainError: No compiler is installed, or it fails.
        FaultyCodeError: The C does not compile.
    """
    toolset = sanitizing_toolset() if sanitize else host_toolset()
    traced = build_program(code, toolset, folder / "traced", traced=True)
    plain = build_program(code, toolset, folder / "plain", traced=False)
    return CompiledEngine(code.model, ProgramRunner(traced.path), ProgramRunner(plain.path))
