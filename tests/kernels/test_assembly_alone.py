"""Assembly kernels: nothing by themselves, the model's own symbols where it includes them."""

import re
from pathlib import Path

import pytest
from tests.support.emitted import run_tool

RUNTIME = Path(__file__).parents[2] / "runtime"
SOURCES = sorted([*RUNTIME.glob("*.S"), *RUNTIME.glob("kernels/*/*.S")])
CORES = {
    "cortex-m0": [],
    "cortex-m3": [],
    "cortex-m4": [],
    # The assembler's Helium hangs on the registers that it shares with floating point.
    "cortex-m55": ["-mfloat-abi=hard"],
}


def _symbols(source: Path, core: str, output: Path, *flags: str) -> set[str]:
    """Assemble a source; return its symbols without those that mark code and data."""
    assemble = ["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", f"-I{RUNTIME}"]
    run_tool([*assemble, *CORES[core], *flags, "-c", source, "-o", output])
    listed = run_tool(["arm-none-eabi-nm", "-j", output]).decode().split()
    return {name for name in listed if not name.startswith("$")}


def _bytes(path: Path) -> int:
    sizes = run_tool(["arm-none-eabi-size", path]).decode().splitlines()[1].split()
    return sum(map(int, sizes[:3]))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_assembled_by_itself_it_is_empty(source: Path, tmp_path: Path) -> None:
    for core in CORES:
        output = tmp_path / f"{core}.o"
        assert _symbols(source, core, output) == set()
        assert _bytes(output) == 0


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_it_exports_only_names_of_the_model(source: Path, tmp_path: Path) -> None:
    exported = set()
    for core in CORES:
        output = tmp_path / f"{core}.o"
        _symbols(source, core, output, "-DCNNC_PREFIX=net")
        listed = run_tool(["arm-none-eabi-nm", "-g", "-j", output]).decode().split()
        exported |= set(listed)
    assert exported
    assert all(re.match("net_", name) for name in exported)
