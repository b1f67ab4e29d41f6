"""Check a program on the emulated core that it was made for."""

import shutil
import tempfile
from pathlib import Path

from tests.support.op_cases import check_engine, write_emitted

from cnnc.codegen.emit import emit
from cnnc.codegen.program import CProgram
from cnnc.deploy.isa_check import foreign_instructions
from cnnc.deploy.targets import find_target
from cnnc.ir.quant_model import QuantModel
from cnnc.simulator.bare_metal import build_bare_metal
from cnnc.simulator.build import EmittedCode
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.runners import ProgramRunner

CORES = {
    "armv6m": ("cortex-m0plus", "cortex-m3"),
    "armv7m": ("cortex-m3",),
    "dsp": ("cortex-m4",),
    "mve": ("cortex-m55",),
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
        core: A bare-metal core that a machine stands in for.
    """
    target = find_target(core)
    with tempfile.TemporaryDirectory(prefix="cnnc-core-") as folder:
        directory = Path(folder, "emitted")
        write_emitted(directory, emit(program))
        code = EmittedCode(directory, model)
        build = build_bare_metal(code, target, Path(folder, "build"), traced=True)
        runner = ProgramRunner(build.elf, build.emulator, bare=True)
        check_engine(f"{name} on {core}", model, CompiledEngine(model, runner, runner), chunk)
        if target.core.startup == "armv6-m":
            objdump = shutil.which("arm-none-eabi-objdump")
            assert objdump is not None
            assert foreign_instructions(build.elf, objdump) == [], name
