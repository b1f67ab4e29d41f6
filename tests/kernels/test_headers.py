"""Every kernel header: alone, with the others, with every compiler, where int32_t is long."""

import re
from pathlib import Path

import pytest
from tests.support.emitted import C_FLAGS, CPP_FLAGS, run_tool, write_project
from tests.support.quant_networks import chain_network

from cnnc.codegen.kernel_source import kernel_source
from cnnc.codegen.views import WeightsMode
from cnnc.deploy.targets import find_target

RUNTIME = Path(__file__).parents[2] / "runtime"
HEADERS = sorted(RUNTIME.glob("kernels/*/*.h"))
SHARED = sorted(RUNTIME.glob("*.h"))
FOLDERS = sorted({header.parent for header in (*HEADERS, *SHARED)})
INCLUDES = [f"-I{folder}" for folder in FOLDERS]
COMPILERS = ["gcc", "clang", "g++", "clang++"]
ROUNDINGS = {"double": [], "single": ["-DCNNC_SINGLE_ROUNDING"]}
# A freestanding compiler brings stdint.h and stddef.h, not this.
STRING_H = """#include <stddef.h>
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *left, const void *right, size_t count);
"""
# The 32-bit Arm libraries define int32_t so, though int has 32 bits too.
INT32_IS_LONG = [
    "--target=thumbv7em-none-eabi",
    "-ffreestanding",
    "-U__INT32_TYPE__",
    "-U__UINT32_TYPE__",
    "-D__INT32_TYPE__=long int",
    "-D__UINT32_TYPE__=unsigned long int",
]


def is_kernel(header: Path) -> bool:
    text = header.read_text()
    found = re.search(rf"CNNC_(SHARED_)?KERNEL\s+void\s+{header.stem}\s*\(", text)
    return header in HEADERS and found is not None


def call_text(header: Path) -> str:
    """Return a function that calls the header's kernel with constant parameters."""
    source = kernel_source(header.stem.removeprefix("cnnc_"), header.parent.name)
    types = source.pointer_types
    declared = ", ".join(f"{kind} *pointer_{index}" for index, kind in enumerate(types))
    passed = ", ".join(f"pointer_{index}" for index in range(len(types)))
    ones = ", ".join("1" for _ in source.fields)
    return (
        f"void call_{header.stem}({declared});\n"
        f"void call_{header.stem}({declared}) {{\n"
        f"    static const struct {source.struct} parameters = {{{ones}}};\n"
        f"    {source.function}(&parameters, {passed});\n"
        "}\n"
    )


def write_unit(path: Path, headers: list[Path]) -> Path:
    """Write a file that includes the headers and calls each of their kernels."""
    includes = "".join(f'#include "{header.name}"\n' for header in headers)
    calls = "\n".join(call_text(header) for header in headers if is_kernel(header))
    path.write_text(f"{includes}\n{calls}extern int nothing;\n")
    return path


def flags_of(compiler: str) -> tuple[str, ...]:
    return CPP_FLAGS if compiler.endswith("++") else C_FLAGS


def test_every_folder_of_kernels_has_one() -> None:
    assert {header.parent for header in HEADERS if is_kernel(header)} == {
        folder for folder in (RUNTIME / "kernels").iterdir() if folder.is_dir()
    }


@pytest.mark.parametrize("header", [*SHARED, *HEADERS], ids=lambda header: header.stem)
def test_header_compiles_alone(header: Path, tmp_path: Path) -> None:
    unit = write_unit(tmp_path / "unit.c", [header])
    for compiler in COMPILERS:
        run_tool([compiler, *flags_of(compiler), *INCLUDES, "-fsyntax-only", unit])


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_all_kernels_compile_together(
    compiler: str, level: str, rounding: str, tmp_path: Path
) -> None:
    unit = write_unit(tmp_path / "unit.c", HEADERS)
    command = [compiler, *flags_of(compiler), *INCLUDES, level, *ROUNDINGS[rounding]]
    run_tool([*command, "-c", unit, "-o", tmp_path / "unit.o"])


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("compiler", ["clang", "clang++"])
def test_kernels_compile_where_int32_is_long(compiler: str, rounding: str, tmp_path: Path) -> None:
    (tmp_path / "string.h").write_text(STRING_H)
    unit = write_unit(tmp_path / "unit.c", HEADERS)
    command = [compiler, *flags_of(compiler), *INT32_IS_LONG, f"-I{tmp_path}", *INCLUDES]
    run_tool([*command, *ROUNDINGS[rounding], "-O1", "-S", unit, "-o", tmp_path / "unit.s"])


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m55"])
def test_cpp_calls_assembly_by_its_own_name(core: str, tmp_path: Path) -> None:
    unit = write_unit(tmp_path / "unit.c", HEADERS)
    compiler = ["arm-none-eabi-g++", *CPP_FLAGS, *find_target(core).core.c_flags, *INCLUDES]
    output = tmp_path / "unit.o"
    run_tool([*compiler, "-DCNNC_PREFIX=a_model", "-O1", "-c", unit, "-o", output])
    names = run_tool(["arm-none-eabi-nm", "-u", output]).decode().split()
    assert any(name.startswith("a_model_") for name in names)
    assert [name for name in names if name.startswith("_Z")] == []


@pytest.mark.parametrize("mode", ["c", "asm", "file"])
def test_project_compiles_where_int32_is_long(mode: WeightsMode, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "string.h").write_text(STRING_H)
    project = write_project(tmp_path / "project", chain_network(), mode)
    includes = [f"-I{folder}" for folder in (library, project / "include", project / "src")]
    for source in sorted((project / "src").glob("*.c")):
        command = ["clang", *C_FLAGS, *INT32_IS_LONG, *includes, "-DCNNC_TRACE"]
        run_tool([*command, "-fsyntax-only", source])
