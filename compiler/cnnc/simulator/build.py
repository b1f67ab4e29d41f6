"""The emitted C with the test harness, built in a temporary folder."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnc.deploy.kernel_sets import KernelSet
from cnnc.errors import UsageError
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel
from cnnc.resources import tree
from cnnc.simulator.compiler_calls import compile_files, link, machine_of
from cnnc.simulator.toolsets import Toolset

logger = logging.getLogger(__name__)

_HARNESS = ("cnnc_harness.c", "cnnc_harness_serve.c", "cnnc_harness_model.c")
_WEIGHTS_HARNESS = "cnnc_harness_weights.S"


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


@dataclass(frozen=True, eq=False)
class EmittedCode:
    """The C of one network.

    Attributes:
        directory: Folder that ``codegen.emit`` wrote; its name may hold any character.
        model: The network that it computes.
        kernel_sets: Those that its target can have beside its own.
    """

    directory: Path
    model: QuantModel
    kernel_sets: tuple[KernelSet, ...] = ()

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
    def has_threads(self) -> bool:
        """Whether the program can have threads."""
        return (self.directory / "include" / "cnnc_threads.h").is_file()

    @property
    def used_sets(self) -> tuple[KernelSet, ...]:
        """The kernel sets that the program has, in the order of their numbers, from 1."""
        name = self.model.name
        files = {self.directory / "src" / f"{name}_{s.name}.c": s for s in self.kernel_sets}
        return tuple(kernel_set for file, kernel_set in files.items() if file.is_file())

    def set_of(self, source: Path) -> KernelSet | None:
        """Return the kernel set that a source file belongs to; None for the target's own."""
        owners = [s for s in self.used_sets if s.owns(source.stem, self.model.name)]
        return owners[-1] if owners else None

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
    logger.info("building the C of '%s'%s", code.model.name, " with trace" if traced else "")
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
    model_objects = _compile_model(code, toolset, flags, model_folder)
    harness_objects = compile_files(
        toolset, around, [*flags, *_harness_macros(code, toolset)], harness_folder
    )
    output = folder / "harness.bin"
    script = ["-T", str(harness_folder / machine.linker_script)] if machine.linker_script else []
    link(toolset, (*model_objects, *harness_objects), script, output)
    return Build(output, model_objects)


def _compile_model(
    code: EmittedCode, toolset: Toolset, flags: Sequence[str], folder: Path
) -> tuple[Path, ...]:
    """Compile the files of each kernel set with its flags, where this compiler has them."""
    objects = list[Path]()
    for kernel_set in (None, *code.used_sets):
        sources = [source for source in code.sources if code.set_of(source) is kernel_set]
        further = kernel_set.c_flags if kernel_set and _compiles(toolset, kernel_set) else ()
        objects += compile_files(toolset, sources, [*flags, *further], folder)
    return tuple(objects)


def _compiles(toolset: Toolset, kernel_set: KernelSet) -> bool:
    """Whether the compiler is for the kernel set's machine; it is plain C for others."""
    return machine_of(toolset.compiler).partition("-")[0] == kernel_set.machine


def _joined(path: Path, names: Sequence[str]) -> Path:
    """Write a file that includes others: one call of a compiler costs less than several."""
    path.write_text("".join(f'#include "{name}"\n' for name in names), encoding="utf-8")
    return path


def _harness_macros(code: EmittedCode, toolset: Toolset) -> list[str]:
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
    if code.has_threads:
        macros["START"] = f"{prefix}_start_threads"
        macros["STOP"] = f"{prefix}_stop_threads"
    if code.used_sets:
        is_native = all(_compiles(toolset, kernel_set) for kernel_set in code.used_sets)
        best = f"{prefix}_best_kernel_set()" if is_native else str(len(code.used_sets))
        macros["BEST_SET"] = best
    return [f"-DCNNC_HARNESS_{name}={text}" for name, text in macros.items()]


def _ports(model: QuantModel, kind: str, ports: Sequence[Port]) -> str:
    suffixes = [kind] if len(ports) == 1 else [f"{kind}_{i}" for i in range(len(ports))]
    sizes = [model.values[port.value].bytes for port in ports]
    pairs = zip(suffixes, sizes, strict=True)
    return " ".join(f"PORT({model.name}_{suffix}, {size})" for suffix, size in pairs)
