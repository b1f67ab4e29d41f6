"""Start-up code, linker scripts and the linker's map."""

import subprocess
from pathlib import Path

import pytest
from tests.conftest import GoldenCheck
from tests.support.emitted import C_FLAGS, CPP_FLAGS, golden_of, write_files
from tests.support.quant_networks import chain_network

from cnnc.codegen.emit import emit
from cnnc.codegen.lower import lower
from cnnc.codegen.memory_map import linker_script, startup_files
from cnnc.deploy.machines import MemoryMap
from cnnc.deploy.targets import find_target
from cnnc.simulator.link_map import Contribution, read_link_map

_ARM = ("cortex-m0", "cortex-m3", "cortex-m33", "cortex-m55")
_COMPILERS = {
    **{
        f"gcc-{core}": ["arm-none-eabi-gcc", "--specs=nano.specs", f"-mcpu={core}", "-mthumb"]
        for core in _ARM
    },
    **{
        f"clang-{core}": [
            *("clang", "--target=arm-none-eabi", f"-mcpu={core}", "-mthumb", "-ffreestanding")
        ]
        for core in _ARM
    },
    "gcc-riscv": [
        *("riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imc", "-mabi=ilp32")
    ],
    "clang-riscv": [
        *("clang", "--target=riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32"),
        "-ffreestanding",
    ],
}

_MAP = """
Discarded input sections

 .text.unused   0x00000000       0x10 unused.o

Linker script and memory map

LOAD lenet.o

.text           0x08000000      0x1a4
 *(.vectors)
 .vectors       0x08000000       0x40 build/cnnc_startup_cortex_m.o
 .text.lenet_layer_0_conv2d
                0x08000040       0x62 build/lib a/liblenet.a(lenet.o)
                0x08000040                lenet_layer_0_conv2d
 *fill*         0x080000a2        0x2
 .text          0x080000a4      0x100 /usr/lib/libc_nano.a(lib_a-memcpy.o)

.rodata         0x080001a4       0x40
 .rodata.lenet_layer_0_weights
                0x080001a4       0x40 /tmp/x/lenet_weights.o

.bss            0x20000000       0x20
 .bss.arena     0x20000000       0x20 main.o
.comment        0x00000000       0x26
 .comment       0x00000000       0x26 main.o
"""


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("compiler", _COMPILERS)
def test_start_up_code_compiles_without_a_warning(
    tmp_path: Path, compiler: str, language: str
) -> None:
    startup = "riscv" if compiler.endswith("riscv") else "armv7-m"
    for name, content in startup_files(startup).items():
        (tmp_path / name).write_bytes(content)
    flags = C_FLAGS if language == "c" else CPP_FLAGS
    for source in tmp_path.glob("*.c"):
        command = [*_COMPILERS[compiler], "-O2", *flags, f"-I{tmp_path}", "-c", str(source)]
        done = subprocess.run(
            [*command, "-o", "/dev/null"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["nucleo-l4r5zi", "riscv-virt"])
def test_project_of_a_board(target: str, check_golden: GoldenCheck) -> None:
    model = chain_network()
    files = emit(lower(model), "c", golden_of(model), find_target(target))
    own = [path for path in files if path.startswith("firmware/") and path.endswith((".ld", "e"))]
    assert len(own) == 3
    for path in ("main.c", "Makefile", "CMakeLists.txt", "README.md", *own):
        check_golden(path, files[path])


@pytest.mark.parametrize("weights", ["asm", "file"])
def test_project_with_a_binary_file(weights: str, check_golden: GoldenCheck) -> None:
    model = chain_network()
    target = find_target("cortex-m4")
    files = emit(lower(model), "asm" if weights == "asm" else "file", golden_of(model), target)
    assert "firmware/board.ld" not in files
    assert ("firmware/weights.S" in files) == (weights == "file")
    check_golden("Makefile", files["Makefile"])


def test_vectors_may_lie_apart_from_the_flash() -> None:
    memory = MemoryMap(
        vector_address=0,
        flash_address=0x60000000,
        flash_bytes=1000,
        ram_address=0x20000000,
        ram_bytes=4096,
    )
    script = linker_script("a machine", memory, "armv8.1-m", 512)
    assert "VECTORS (rx) : ORIGIN = 0x00000000, LENGTH = 1K" in script
    assert "FLASH (rx) : ORIGIN = 0x60000000, LENGTH = 1000" in script
    assert "{ KEEP(*(.vectors)) } > VECTORS" in script


def test_map_of_the_linker() -> None:
    found = read_link_map(_MAP)
    assert found.sections == {".text": 0x1A4, ".rodata": 0x40, ".bss": 0x20, ".comment": 0x26}
    assert found.contributions == (
        Contribution(".text", "cnnc_startup_cortex_m", 0x40),
        Contribution(".text", "lenet", 0x62),
        Contribution(".text", "lib_a-memcpy", 0x100),
        Contribution(".rodata", "lenet_weights", 0x40),
        Contribution(".bss", "main", 0x20),
        Contribution(".comment", "main", 0x26),
    )
    assert found.total(".text", ".rodata", ".data") == 0x1E4


def test_boot_stage_of_rp2040_has_its_checksum(tmp_path: Path) -> None:
    """The ROM's CRC-32: polynomial 0x04c11db7, most significant bit first, nothing inverted."""
    source = tmp_path / "boot.S"
    source.write_bytes(startup_files("armv6-m", "cnnc_boot_rp2040.S")["cnnc_boot_rp2040.S"])
    assemble = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-c", str(source), "-o"]
    extract = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".boot"]
    subprocess.run([*assemble, str(tmp_path / "boot.o")], check=True)
    subprocess.run([*extract, str(tmp_path / "boot.o"), str(tmp_path / "boot")], check=True)
    content = (tmp_path / "boot").read_bytes()
    assert len(content) == 256
    crc = 0xFFFFFFFF
    for byte in content[:252]:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    assert content[252:] == crc.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("board", "section", "address"),
    [("rpi-pico", ".boot", 0x10000000), ("rpi-pico2", ".text", 0x10000000)],
)
def test_boot_rom_finds_what_it_looks_for(
    tmp_path: Path, board: str, section: str, address: int
) -> None:
    model = chain_network()
    directory = write_files(tmp_path, emit(lower(model), "c", golden_of(model), find_target(board)))
    subprocess.run(["make", "-s", "bin"], cwd=directory, check=True, capture_output=True)
    headers = subprocess.run(
        ["arm-none-eabi-objdump", "-h", "build/chain.elf"],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    line = next(line.split() for line in headers.splitlines() if f" {section} " in line)
    assert int(line[3], 16) == address
    image = (directory / "build" / "chain.bin").read_bytes()
    if board == "rpi-pico2":
        assert bytes.fromhex("d3deffff 42012110 ff010000 00000000 793512ab") in image[:4096]
    vectors = image[256:264] if board == "rpi-pico" else image[:8]
    stack, reset = (int.from_bytes(vectors[i : i + 4], "little") for i in (0, 4))
    assert stack == 0x20000000 + 1792
    assert reset % 2 == 1
    assert address < reset < address + len(image)
