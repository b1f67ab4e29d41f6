"""The emitted C compiled for this machine."""

from pathlib import Path

from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.toolsets import host_toolset, sanitizing_toolset


def start_host(code: EmittedCode, folder: Path, *, sanitize: bool = False) -> CompiledEngine:
    """Build the C for this machine and return what runs the kernels of every processor.

    Args:
        code: What to build.
        folder: Empty folder to build in.
        sanitize: With ASan and UBSan.

    Raises:
        ToolchainError: No compiler is installed, or it fails.
        FaultyCodeError: The C does not compile.
    """
    return start_host_sets(code, folder, sanitize=sanitize)[""]


def start_host_sets(
    code: EmittedCode, folder: Path, *, sanitize: bool = False
) -> dict[str, CompiledEngine]:
    """Build the C for this machine.

    Args:
        code: What to build.
        folder: Empty folder to build in.
        sanitize: With ASan and UBSan.

    Returns:
        Kernel set -> what runs its kernels, for those that this machine can run; the empty name
        stands for the kernels of every processor of the target.

    Raises:
        ToolchainError: No compiler is installed, or it fails.
        FaultyCodeError: The C does not compile.
    """
    toolset = sanitizing_toolset() if sanitize else host_toolset()
    traced = build_program(code, toolset, folder / "traced", traced=True)
    plain = build_program(code, toolset, folder / "plain", traced=False)
    engines = dict[str, CompiledEngine]()
    for number, name in enumerate(("", *(kernel_set.name for kernel_set in code.used_sets))):
        wanted = number if code.used_sets else None
        runners = [ProgramRunner(build.path, kernel_set=wanted) for build in (traced, plain)]
        if not number or runners[0].has_kernels():
            engines[name] = CompiledEngine(code.model, *runners)
    return engines
