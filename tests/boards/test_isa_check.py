"""Instructions that Armv6-M lacks are found, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from cnnc.deploy.isa_check import foreign_instructions, is_armv6m
from cnnc.deploy.targets import find_target
from cnnc.errors import ToolchainError

COMPILER = "arm-none-eabi-gcc"
OBJDUMP = "arm-none-eabi-objdump"

EVERY_KIND = """
    .syntax unified
    .text
    .thumb_func
good:
    push {r4, lr}
    movs r0, #1
    muls r0, r0, r0
    rev r0, r0
    bl good
    mrs r0, primask
    msr primask, r0
    dmb sy
    dsb sy
    isb sy
    nop
    wfi
    sev
    cpsid i
    ldr r0, =0xF04F0001
    b.n after
    .pool
    .word 0xB100B100
    .short 0xBF08
after:
    bx lr
"""
"""Every 32-bit instruction of Armv6-M, and data that would be a later core's instructions."""

ARITHMETIC = """
#include <stdint.h>
#include <string.h>
int32_t table[16];
int32_t main(void) {
    int64_t sum = 0;
    for (int32_t i = 0; i < 16; ++i) {
        sum += (int64_t)table[i] * table[15 - i] / (table[i] + 3);
    }
    memset(table, (int)(sum >> 31), sizeof table);
    return (int32_t)sum;
}
void Reset_Handler(void) { main(); }
"""


def _assemble(folder: Path, source: str, core: str) -> Path:
    file, elf = folder / "probe.s", folder / "probe.o"
    file.write_text(f".syntax unified\n.text\n{source}\n")
    flags = find_target(core).core.c_flags
    command = [COMPILER, *flags, "-c", str(file), "-o", str(elf)]
    subprocess.run(command, check=True)
    return elf


def test_armv6m_code_and_data_are_accepted(tmp_path: Path) -> None:
    elf = _assemble(tmp_path, EVERY_KIND, "cortex-m0")

    assert foreign_instructions(elf, OBJDUMP) == []


@pytest.mark.parametrize("name", ["microbit-v1", "rpi-pico", "cortex-m0plus"])
def test_program_with_the_c_library_is_armv6m(name: str, tmp_path: Path) -> None:
    core = find_target(name).core
    source, elf = tmp_path / "probe.c", tmp_path / "probe.elf"
    source.write_text(ARITHMETIC)
    flags = [*core.c_flags, *core.library_flags, *core.link_flags]
    command = [COMPILER, *flags, "-O2", "-Wl,-eReset_Handler", str(source), "-o", str(elf)]
    subprocess.run(command, check=True)

    assert foreign_instructions(elf, OBJDUMP) == []


@pytest.mark.parametrize(
    ("core", "instruction"),
    [
        ("cortex-m3", "cbz r0, 1f\nnop\n1:"),
        ("cortex-m3", "cbnz r1, 1f\nnop\n1:"),
        ("cortex-m3", "itt eq\nmoveq r0, r1\nmoveq r0, r2"),
        ("cortex-m3", "movw r0, #1234"),
        ("cortex-m3", "ldr.w r0, [r1, #4]"),
        ("cortex-m3", "ldrd r0, r1, [r2]"),
        ("cortex-m3", "sdiv r0, r1, r2"),
        ("cortex-m3", "smull r0, r1, r2, r3"),
        ("cortex-m3", "ubfx r0, r1, #2, #3"),
        ("cortex-m3", "b.w 1f\n1:"),
        ("cortex-m3", "beq.w 1f\n1:"),
        ("cortex-m3", "clrex"),
        ("cortex-m4", "smlad r0, r1, r2, r3"),
        ("cortex-m4", "sxtb16 r0, r1"),
        ("cortex-m33", "bxns r0"),
        ("cortex-m55", "vldrb.8 q0, [r0]"),
        ("cortex-m55", "wls lr, r0, 1f\nnop\n1:"),
    ],
)
def test_later_instruction_is_found(core: str, instruction: str, tmp_path: Path) -> None:
    elf = _assemble(tmp_path, f".thumb_func\nbad: nop\n{instruction}\nbx lr", core)

    found = foreign_instructions(elf, OBJDUMP)

    assert len(found) == 1
    assert found[0].startswith("2 <bad>: ")


def test_later_instruction_in_a_file_marked_armv6m_is_found(tmp_path: Path) -> None:
    elf = _assemble(tmp_path, ".thumb_func\nbad: .inst.n 0xB108\n.inst.w 0xFBB0F0F1", "cortex-m0")

    assert [line.split()[0] for line in foreign_instructions(elf, OBJDUMP)] == ["0", "2"]


@pytest.mark.parametrize(
    ("first", "second"), [(0xE800, 0x0000), (0xF000, 0x8000), (0xFFFF, 0xFFFF)]
)
def test_wide_encodings_at_the_edges_are_foreign(first: int, second: int) -> None:
    assert not is_armv6m(first, second)


def test_file_without_code_is_an_error(tmp_path: Path) -> None:
    elf = _assemble(tmp_path, ".data\n.word 1", "cortex-m0")

    with pytest.raises(ToolchainError, match=r"finds no instruction in 'probe\.o'"):
        foreign_instructions(elf, OBJDUMP)


def test_missing_objdump_is_an_error(tmp_path: Path) -> None:
    elf = _assemble(tmp_path, "nop", "cortex-m0")

    with pytest.raises(ToolchainError, match="'no-such-objdump' cannot be run"):
        foreign_instructions(elf, "no-such-objdump")


def test_file_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    text = tmp_path / "text.o"
    text.write_text("text")

    with pytest.raises(ToolchainError, match="failed"):
        foreign_instructions(text, OBJDUMP)
