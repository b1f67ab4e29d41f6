"""The counting plugin and the cycle model, on loops whose length is known."""

import subprocess
from pathlib import Path

import pytest
from tests.support.emitted import C_FLAGS

from cnnc.deploy.cores import cores
from cnnc.errors import InternalError, ToolchainError
from cnnc.resources import tree
from cnnc.simulator import counting
from cnnc.simulator.counting import (
    Executions,
    Interval,
    build_plugin,
    plugin_arguments,
    read_counts,
)
from cnnc.simulator.cycles import TIMINGS, modelled_cycles
from cnnc.simulator.disassembly import disassemble, find_disassembler, parse_disassembly
from cnnc.simulator.elf import function_addresses

COMPILER = "arm-none-eabi-gcc"
LOOPS = Path(__file__).parent / "programs" / "loops.S"
MACHINE = (
    *("qemu-system-arm", "-M", "mps2-an385", "-nographic", "-monitor", "none", "-serial", "none"),
    *("-semihosting-config", "enable=on,target=native"),
)


def assembled(folder: Path, iterations: int, offset: int = 0) -> Path:
    program = folder / "loops.elf"
    subprocess.run(
        [
            *(COMPILER, "-mcpu=cortex-m0plus", "-mthumb", "-nostdlib", "-Wl,-Ttext=0"),
            *(f"-DITERATIONS={iterations}", f"-DOFFSET={offset}", str(LOOPS), "-o", str(program)),
        ],
        check=True,
        capture_output=True,
    )
    return program


def counted(folder: Path, program: Path, *, unaligned: bool = False) -> tuple[Interval, ...]:
    counts = folder / "with, comma" / "counts"
    counts.parent.mkdir(exist_ok=True)
    marks = [function_addresses(program)["mark"]]
    plugin = build_plugin(counts.parent)
    command = [
        *MACHINE,
        *plugin_arguments(plugin, counts, marks, unaligned=unaligned),
        "-kernel",
        str(program),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return read_counts(counts)


@pytest.mark.parametrize("iterations", [1, 2, 1000, 100_000])
def test_a_loop_of_two_instructions_is_counted_exactly(tmp_path: Path, iterations: int) -> None:
    program = assembled(tmp_path, iterations)
    start, loop, loads, end = counted(tmp_path, program)
    mark = function_addresses(program)["mark"]
    assert [interval.mark for interval in (start, loop, loads, end)] == [0, mark, mark, mark]
    # Beside the loop: return from mark, call, load of the number, return, call of mark.
    assert loop.instructions == 2 * iterations + 5
    assert loads.instructions == 11
    begin = function_addresses(program)["counted_loop"]
    assert loop.sites[begin + 2] == Executions(iterations, 0)
    assert loop.sites[begin + 4] == Executions(iterations, iterations - 1)


@pytest.mark.parametrize(("offset", "pieces"), [(0, 0), (1, 3 * 2 + 1), (2, 3), (3, 3 * 2 + 1)])
def test_pieces_of_unaligned_accesses(tmp_path: Path, offset: int, pieces: int) -> None:
    program = assembled(tmp_path, 1, offset)
    _, _, accesses, _ = counted(tmp_path, program, unaligned=True)
    assert sum(site.pieces for site in accesses.sites.values()) == pieces
    _, _, unwatched, _ = counted(tmp_path, program)
    assert sum(site.pieces for site in unwatched.sites.values()) == 0
    assert unwatched.instructions == accesses.instructions


def test_two_runs_count_the_same(tmp_path: Path) -> None:
    program = assembled(tmp_path, 777)
    assert counted(tmp_path, program) == counted(tmp_path, program)


@pytest.mark.parametrize(
    ("core", "per_turn", "around", "loads"),
    [
        # Around: return 1 + P, call 1 + P, load 2, return, call; the last turn does not branch.
        ("cortex-m0", 4, 3 + 4 + 2 + 3 + 4 - 2, 3 + 4 + 6 * 2 + 1 + 3 + 4),
        ("cortex-m0plus", 3, 2 + 3 + 2 + 2 + 3 - 1, 2 + 3 + 6 * 2 + 1 + 2 + 3),
        # Of the six accesses: 2, 1 behind a load, store 1, 2 behind it, 2 for the address, 1.
        ("cortex-m3", 4, 3 + 3 + 2 + 3 + 3 - 2, 3 + 3 + 9 + 1 + 3 + 3),
        ("cortex-m4", 4, 3 + 3 + 2 + 3 + 3 - 2, 3 + 3 + 9 + 1 + 3 + 3),
    ],
)
def test_cycles_are_those_of_the_manual(
    tmp_path: Path, core: str, per_turn: int, around: int, loads: int
) -> None:
    program = assembled(tmp_path, 500)
    disassembler = find_disassembler(COMPILER)
    assert disassembler is not None
    instructions = disassemble(disassembler, program)
    _, loop_interval, loads_interval, _ = counted(tmp_path, program)
    timing = TIMINGS[core]
    assert modelled_cycles(timing, instructions, loop_interval) == 500 * per_turn + around
    assert modelled_cycles(timing, instructions, loads_interval) == loads


@pytest.mark.parametrize(
    ("text", "m3", "m4"),
    [
        ("mla	r0, r1, r2, r0", 2, 1),
        ("smull	r0, r1, r2, r3", 5, 1),
        ("smlal	r0, r1, r2, r3", 7, 1),
        ("smlad	r0, r1, r2, r0", 1, 1),
        ("sdiv	r0, r1, r2", 7, 7),
        ("ldrd	r0, r1, [r2], #8", 3, 3),
        ("ldrsb.w	r0, [r1, r2]", 2, 2),
        ("strb.w	r0, [r1], #1", 1, 1),
        ("strb	r0, [r1, r2]", 2, 2),
        ("ldmia.w	r0!, {r4, r5, r6, r7}", 5, 5),
        ("vldmia	r0!, {d8-d9}", 5, 5),
        ("vmla.f32	s0, s1, s2", 3, 3),
        ("vdiv.f32	s0, s1, s2", 14, 14),
        ("bic.w	r0, r0, #7", 1, 1),
        ("tbb	[pc, r0]", 6, 6),
    ],
)
def test_one_instruction(text: str, m3: int, m4: int) -> None:
    instructions = parse_disassembly(f"    8000:\t{text}\n")
    interval = Interval(0, {0x8000: Executions(10, 0)})
    assert modelled_cycles(TIMINGS["cortex-m3"], instructions, interval) == 10 * m3
    assert modelled_cycles(TIMINGS["cortex-m4"], instructions, interval) == 10 * m4


@pytest.mark.parametrize(
    ("text", "plain", "added"),
    [
        ("beq.n	8010 <f>", 1, 2),
        ("ble.n	8010 <f>", 1, 2),
        ("bl	8010 <f>", 1, 2),
        ("cbnz	r0, 8010 <f>", 1, 2),
        ("pop	{r4, r5, pc}", 4, 2),
        ("ldr.w	pc, [sp], #4", 2, 2),
        ("mov	pc, lr", 1, 2),
        ("it	eq", 1, 0),
    ],
)
def test_a_taken_branch_refills_the_pipeline(text: str, plain: int, added: int) -> None:
    instructions = parse_disassembly(f"    8000:\t{text}\n")
    interval = Interval(0, {0x8000: Executions(10, 4)})
    cycles = modelled_cycles(TIMINGS["cortex-m4"], instructions, interval)
    assert cycles == 10 * plain + 4 * added


def test_each_piece_of_an_unaligned_access_costs_a_cycle() -> None:
    instructions = parse_disassembly("    8000:\tldr\tr0, [r1, #2]\n")
    interval = Interval(0, {0x8000: Executions(10, 0, 15)})
    assert modelled_cycles(TIMINGS["cortex-m4"], instructions, interval) == 10 * 2 + 15


def test_every_timing_that_a_core_names_exists() -> None:
    named = {core.timing for core in cores().values()} - {""}
    assert named == set(TIMINGS)


def test_an_address_outside_the_disassembly_costs_a_cycle() -> None:
    interval = Interval(0, {0x100: Executions(3, 1)})
    assert modelled_cycles(TIMINGS["cortex-m4"], {}, interval) == 3


def test_a_line_that_the_plugin_does_not_write_is_our_fault(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    counts.write_text("= 0\n10 2\n", encoding="ascii")
    with pytest.raises(InternalError, match="10 2"):
        read_counts(counts)


def test_a_broken_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_FLAGS", ("-fno-such-flag",))
    with pytest.raises(ToolchainError, match="cannot build the counting plugin"):
        build_plugin(tmp_path)


def test_only_elf_files_have_symbols(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"MZ" + bytes(64))
    with pytest.raises(InternalError, match="not a little-endian ELF"):
        function_addresses(other)


def test_the_plugin_compiles_without_warnings(tmp_path: Path) -> None:
    source = str(tree("runtime") / "counting" / "cnnc_count.c")
    for compiler in ("gcc", "clang"):
        command = [compiler, *C_FLAGS, "-fPIC", "-c", source, "-o", str(tmp_path / "count.o")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
