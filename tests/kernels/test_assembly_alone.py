"""Assembly kernels: nothing by themselves, the model's own symbols where it includes them."""

import re
from pathlib import Path

import pytest
from tests.support.emitted import run_tool

from cnnc.deploy.cores import Core
from cnnc.deploy.targets import find_target

RUNTIME = Path(__file__).parents[2] / "runtime"
SOURCES = sorted([*RUNTIME.glob("*.S"), *RUNTIME.glob("kernels/*/*.S")])
CORES = tuple(
    find_target(name).core
    for name in (
        "cortex-m0plus",
        "cortex-m3",
        "cortex-m4",
        "cortex-m55",
        "arm1176",
        "cortex-a7",
        "cortex-a76",
    )
)


def _symbols(source: Path, core: Core, output: Path, *flags: str) -> set[str]:
    """Assemble a source; return its symbols without those that mark code and data."""
    run_tool([core.compilers[0], *core.c_flags, f"-I{RUNTIME}", *flags, "-c", source, "-o", output])
    listed = run_tool([_tool(core, "nm"), "-j", output]).decode().split()
    return {name for name in listed if not name.startswith("$")}


def _tool(core: Core, name: str) -> str:
    return f"{core.compilers[0].removesuffix('gcc')}{name}"


def _bytes(core: Core, path: Path) -> int:
    sizes = run_tool([_tool(core, "size"), path]).decode().splitlines()[1].split()
    return sum(map(int, sizes[:3]))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_assembled_by_itself_it_is_empty(source: Path, tmp_path: Path) -> None:
    for core in CORES:
        output = tmp_path / f"{core.name}.o"
        assert _symbols(source, core, output) == set()
        assert _bytes(core, output) == 0


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_it_exports_only_names_of_the_model(source: Path, tmp_path: Path) -> None:
    exported = set()
    for core in CORES:
        output = tmp_path / f"{core.name}.o"
        _symbols(source, core, output, "-DCNNC_PREFIX=net")
        listed = run_tool([_tool(core, "nm"), "-g", "-j", output]).decode().split()
        exported |= set(listed)
    assert exported
    assert all(re.match("net_", name) for name in exported)
