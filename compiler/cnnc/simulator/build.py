"""Compile the emitted C together with the test harness, in a temporary folder."""

import logging
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from cnnc.deploy.cores import Core
from cnnc.deploy.toolchain import find_compiler, host_core
from cnnc.errors import CnncError, MemoryFitError, UsageError
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import elements
from cnnc.resources import tree
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError

logger = logging.getLogger(__name__)

_LANGUAGE_FLAGS = ("-std=c99", "-ffp-contract=off")
_SECTION_FLAGS = ("-ffunction-sections", "-fdata-sections")
_SANITIZER_FLAGS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_TIMEOUT_SECONDS = 600
_PARALLEL_COMPILERS = 2
_HARNESS = ("cnnc_harness.c", "cnnc_harness_serve.c", "cnnc_harness_model.c")
_WEIGHTS_HARNESS = "cnnc_harness_weights.S"
_SHOWN_LINES = 5

_CODE_FAULT = re.compile(r":\d+: (fatal )?error: |undefined reference|multiple definition", re.I)
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_MISSING_SYSTEM_HEADER = re.compile(r"fatal error: '?(assert|std\w+|string)\.h'?[: ]")


@dataclass(frozen=True)
class Surroundings:
    """What the harness needs of the machine that it runs on.

    Attributes:
        files: By name; all lie in one folder.
        main: The one that is compiled in one go with the harness.
        startup: Those that are compiled in one go, apart from it.
        linker_script: The one that is the linker script; None for the compiler's own.
    """

    files: Mapping[str, bytes]
    main: str
    startup: tuple[str, ...] = ()
    linker_script: str | None = None


@dataclass(frozen=True)
class Toolset:
    """A compiler and how it is called.

    Attributes:
        compiler: Path of the C compiler.
        compile_flags: Arguments for every file.
        link_flags: Arguments when a program is linked.
    """

    compiler: str
    compile_flags: tuple[str, ...]
    link_flags: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class EmittedCode:
    """The C of one network.

    Attributes:
        directory: Folder that ``codegen.emit`` wrote; its name may hold any character.
        model: The network that it computes.
    """

    directory: Path
    model: QuantModel

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files that an inference needs: not the float conversions nor the self-test.

        Raises:
            UsageError: The folder has no ``src``.
        """
        optional = {f"{self.model.name}_io", f"{self.model.name}_selftest"}
        files = sorted((self.directory / "src").glob("*"))
        found = tuple(f for f in files if f.suffix in {".c", ".S"} and f.stem not in optional)
        if not found:
            raise UsageError(f"'{self.directory}' holds no C", "compile the model again", "src")
        return found

    @property
    def loaded_weights(self) -> Path | None:
        """File of the constants that the program loads at run time; None if they are linked."""
        stem = f"{self.model.name}_weights"
        binary = self.directory / "src" / f"{stem}.bin"
        linked = any(file.stem == stem for file in self.sources)
        return binary if binary.is_file() and not linked else None


@dataclass(frozen=True)
class Build:
    """The emitted C with the harness.

    Attributes:
        path: The program.
        model_objects: Object files of the emitted C alone.
    """

    path: Path
    model_objects: tuple[Path, ...]


def host_toolset(optimization: str = "-O2") -> Toolset:
    """Return the tools for programs on this machine.

    Raises:
        ToolchainError: No compiler is installed.
    """
    core = host_core()
    flags = (*_LANGUAGE_FLAGS, *core.c_flags, optimization)
    return Toolset(_compiler_path(core), flags, core.link_flags)


def fast_host_toolset() -> Toolset:
    """Return the tools for programs that use all that this machine has.

    Raises:
        ToolchainError: No compiler is installed.
    """
    toolset = host_toolset("-O3")
    return replace(toolset, compile_flags=(*toolset.compile_flags, "-march=native"))


def sanitizing_toolset(optimization: str = "-O1") -> Toolset:
    """Return the tools for programs on this machine under ASan and UBSan.

    Raises:
        ToolchainError: No compiler is installed.
    """
    core = host_core()
    flags = (*_LANGUAGE_FLAGS, *core.c_flags, optimization, *_SANITIZER_FLAGS)
    return Toolset(_compiler_path(core), flags, (*_SANITIZER_FLAGS, *core.link_flags))


def target_toolset(core: Core) -> Toolset:
    """Return the tools for programs that run on another core.

    Raises:
        ToolchainError: The cross compiler is not installed.
    """
    flags = (*_LANGUAGE_FLAGS, *core.c_flags, "-O2")
    return Toolset(_compiler_path(core), flags, core.link_flags)


def bare_metal_toolset(core: Core, optimization: str = "-O2") -> Toolset:
    """Return the tools for programs that run on a core without an operating system.

    Raises:
        ToolchainError: The cross compiler is not installed.
    """
    common = (*core.c_flags, *core.library_flags)
    flags = (*_LANGUAGE_FLAGS, *_SECTION_FLAGS, *common, optimization)
    return Toolset(_compiler_path(core), flags, (*common, *core.link_flags))


def operating_system() -> Surroundings:
    """Return what the harness needs under an operating system."""
    return Surroundings(harness_files("cnnc_harness_main.c"), "cnnc_harness_main.c")


def harness_files(*names: str) -> dict[str, bytes]:
    """Return files of ``runtime/harness`` by name."""
    return {name: (tree("runtime") / "harness" / name).read_bytes() for name in names}


def build_program(
    code: EmittedCode,
    toolset: Toolset,
    folder: Path,
    *,
    traced: bool,
    surroundings: Surroundings | None = None,
) -> Build:
    """Build a program that answers a request file.

    Args:
        code: What to compile.
        toolset: With what.
        folder: Where to; does not exist yet.
        traced: Define ``CNNC_TRACE``.
        surroundings: Where the program runs; None for an operating system.

    Raises:
        EngineFailedError: The compiler fails.
        FaultyCodeError: The C does not compile.
    """
    logger.info("compiling '%s'%s", code.model.name, " with trace" if traced else "")
    flags = [f"-I{place}" for place in (code.directory / "include", code.directory / "src")]
    flags += ["-DCNNC_TRACE"] if traced else []
    model_folder, harness_folder = folder / "model", folder / "harness"
    model_folder.mkdir(parents=True)
    harness_folder.mkdir()
    machine = surroundings or operating_system()
    files = {**harness_files(*_HARNESS, "cnnc_harness.h", _WEIGHTS_HARNESS), **machine.files}
    for name, content in files.items():
        (harness_folder / name).write_bytes(content)
    around = [_joined(harness_folder / "all.c", (*_HARNESS, machine.main))]
    if machine.startup:
        around.append(_joined(harness_folder / "startup.c", machine.startup))
    around += [harness_folder / _WEIGHTS_HARNESS] if code.loaded_weights is not None else []
    model_objects = compile_files(toolset, code.sources, flags, model_folder)
    harness_objects = compile_files(
        toolset, around, [*flags, *_harness_macros(code)], harness_folder
    )
    output = folder / "harness.bin"
    script = ["-T", str(harness_folder / machine.linker_script)] if machine.linker_script else []
    link(toolset, (*model_objects, *harness_objects), script, output)
    return Build(output, model_objects)


def _joined(path: Path, names: Sequence[str]) -> Path:
    """Write a file that includes others: one call of a compiler costs less than several."""
    path.write_text("".join(f'#include "{name}"\n' for name in names), encoding="utf-8")
    return path


def _harness_macros(code: EmittedCode) -> list[str]:
    """Return what runtime/harness/cnnc_harness_model.c asks for."""
    model = code.model
    prefix, macro_prefix = model.name, model.name.upper()
    macros = {
        "HEADER": f'"{prefix}.h"',
        "CONTEXT": f"struct {prefix}_context",
        "INIT": f"{prefix}_init",
        "LOAD": f"{prefix}_load",
        "RUN": f"{prefix}_run",
        "ARENA_BYTES": f"{macro_prefix}_ARENA_BYTES",
        "WEIGHTS_BYTES": f"{macro_prefix}_WEIGHTS_BYTES",
        "LAYER_COUNT": f"{macro_prefix}_LAYER_COUNT",
        "INPUTS": _ports(model, "input", model.inputs),
        "OUTPUTS": _ports(model, "output", model.outputs),
    }
    if code.loaded_weights is not None:
        macros["WEIGHTS"] = f'"{code.loaded_weights.name}"'
    return [f"-DCNNC_HARNESS_{name}={text}" for name, text in macros.items()]


def _ports(model: QuantModel, kind: str, ports: Sequence[Port]) -> str:
    suffixes = [kind] if len(ports) == 1 else [f"{kind}_{i}" for i in range(len(ports))]
    sizes = [elements(model.values[port.value].shape) for port in ports]
    pairs = zip(suffixes, sizes, strict=True)
    return " ".join(f"PORT({model.name}_{suffix}, {size})" for suffix, size in pairs)


def link(toolset: Toolset, objects: Sequence[Path], flags: Sequence[str], output: Path) -> None:
    """Link a program.

    Args:
        toolset: With what.
        objects: What to link.
        flags: Arguments beside those of the toolset.
        output: The program.

    Raises:
        EngineFailedError: The linker fails.
        FaultyCodeError: A symbol is missing or defined twice.
        MemoryFitError: The program does not fit the memory of its linker script.
    """
    names = map(str, objects)
    _call([toolset.compiler, *names, *flags, *toolset.link_flags, "-o", str(output)])


def compile_files(
    toolset: Toolset, sources: Sequence[Path], flags: Sequence[str], folder: Path
) -> tuple[Path, ...]:
    """Compile files, a few at the same time.

    Args:
        toolset: With what.
        sources: C and assembly; no two have the same stem.
        flags: Arguments beside those of the toolset.
        folder: Where the object files go; exists.

    Raises:
        EngineFailedError: The compiler fails.
        FaultyCodeError: A file does not compile.
    """
    objects = tuple(folder / f"{source.stem}.o" for source in sources)
    commands = [
        [toolset.compiler, *toolset.compile_flags, *flags, "-c", str(source), "-o", str(target)]
        for source, target in zip(sources, objects, strict=True)
    ]
    with ThreadPoolExecutor(_PARALLEL_COMPILERS) as pool:
        list(pool.map(_call, commands))
    return objects


def _call(command: Sequence[str]) -> None:
    logger.debug("%s", " ".join(command))
    try:
        done = subprocess.run(  # noqa: S603 (a compiler found on the PATH)
            command,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            # Messages are read below, so they must not be translated.
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error
    if done.returncode == 0:
        return
    raise _compiler_fault(Path(command[0]).name, done.stderr)


def _compiler_fault(compiler: str, stderr: str) -> CnncError:
    """Return whose fault it is: the C's, or that of an installation that lacks something."""
    lines = stderr.strip().splitlines()
    excess = _OVERFLOW.findall(stderr)
    if excess:
        wanted = " and ".join(f"{int(size):,} more bytes of {region}" for region, size in excess)
        return MemoryFitError(
            f"the program needs {wanted}",
            "choose a smaller network, or a board with more memory",
            "firmware",
        )
    faults = [line for line in lines if _CODE_FAULT.search(line)]
    if faults and not _MISSING_SYSTEM_HEADER.search(stderr):
        return FaultyCodeError(
            f"the emitted C does not compile with {compiler}:\n" + "\n".join(faults[:_SHOWN_LINES]),
            "compile the model again with cnnc; if that does not help, report it",
            "src",
        )
    return EngineFailedError(
        f"{compiler} failed:\n" + "\n".join(lines[:_SHOWN_LINES]),
        "'cnnc doctor' prints how to install the tools",
        compiler,
    )


def _compiler_path(core: Core) -> str:
    tool = find_compiler(core)
    return tool.path or tool.command
