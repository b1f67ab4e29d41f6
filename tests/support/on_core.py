"""Check a program on the emulated core that it was made for."""

import shutil
import tempfile
from pathlib import Path

from tests.support.op_cases import check_engine, write_emitted

from cnnc.codegen.emit import emit
from cnnc.codegen.program import CProgram
from cnnc.deploy.isa_check import foreign_instructions
from cnnc.deploy.targets import Target, find_target
from cnnc.deploy.toolchain import find_emulator
from cnnc.ir.quant_model import QuantModel
from cnnc.simulator.bare_metal import build_bare_metal
from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.toolsets import target_toolset

CORES = {
    "armv6m": ("cortex-m0plus", "cortex-m3"),
    "armv7m": ("cortex-m3",),
    "dsp": ("cortex-m4",),
    "mve": ("cortex-m55",),
    "neon": ("cortex-a53", "cortex-a7"),
    "neon32": ("cortex-a7",),
    "neon64": ("cortex-a53",),
    "neon_dot": ("cortex-a76",),
    "armv6simd": ("arm1176",),
    "avx2": ("x86-64-avx2",),
    "avx512vnni": ("x86-64-avx512vnni",),
}
"""Instruction set -> the cores for which its kernels have code of their own."""


def check_on_core(name: str, model: QuantModel, program: CProgram, chunk: Chunk, core: str) -> None:
    """Assert that a program gives the reference's bytes on an emulated core.

    One build with trace, one run: the layers and the outputs are those of the same program.

    Args:
        name: For messages.
        model: The network.
        program: How it is computed.
        chunk: The samples.
        core: One that is emulated here, or this machine's.
    """
    target = find_target(core)
    with tempfile.TemporaryDirectory(prefix="cnnc-core-") as folder:
        directory = Path(folder, "emitted")
        write_emitted(directory, emit(program))
        code = EmittedCode(directory, model)
        runner = _traced_runner(code, target, Path(folder, "build"))
        check_engine(f"{name} on {core}", model, CompiledEngine(model, runner, runner), chunk)
        if target.core.startup == "armv6-m":
            objdump = shutil.which("arm-none-eabi-objdump")
            assert objdump is not None
            assert foreign_instructions(runner.program, objdump) == [], name


def _traced_runner(code: EmittedCode, target: Target, folder: Path) -> ProgramRunner:
    if target.core.is_bare_metal:
        build = build_bare_metal(code, target, folder, traced=True)
        return ProgramRunner(build.elf, build.emulator, bare=True)
    program = build_program(code, target_toolset(target.core), folder, traced=True)
    return ProgramRunner(program.path, find_emulator(target))
