"""Target descriptions: every shipped file is valid, faults are named."""

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cnnc.deploy import description, targets, tools
from cnnc.deploy.cores import cores, parse_core
from cnnc.deploy.machines import machine_for, machines, parse_machine
from cnnc.deploy.toolchain import TOOLS, find_compiler, find_emulator
from cnnc.errors import BoardError, ToolchainError
from cnnc.resources import tree

BOARD: dict[str, Any] = {
    "name": "probe",
    "description": "a board",
    "core": "cortex-a53",
    "ram_bytes": 1024,
    "emulation": {"limits": "l"},
}
BARE_BOARD: dict[str, Any] = {
    "name": "probe",
    "description": "a board",
    "core": "cortex-m4",
    "ram_address": 0x20000000,
    "ram_bytes": 1024,
    "flash_address": 0x08000000,
    "flash_bytes": 2048,
    "clock_hz": 1000000,
    "emulation": {"machine": "mps2-an386", "limits": "l"},
}
MACHINE: dict[str, Any] = {
    "description": "a machine",
    "core": "cortex-m4",
    "emulator": ["qemu-system-arm", "-M", "probe"],
    "vector_address": 0,
    "flash_address": 0,
    "flash_bytes": 4096,
    "ram_address": 0x20000000,
    "ram_bytes": 4096,
    "limits": "l",
}

CORE: dict[str, Any] = {
    "description": "a core",
    "isa": "aarch64",
    "system": "linux",
    "startup": "",
    "instruction_sets": [],
    "compilers": ["aarch64-linux-gnu-gcc"],
    "clang_target": "",
    "c_flags": [],
    "library_flags": [],
    "link_flags": [],
    "emulator": ["qemu-aarch64", "-cpu", "max"],
    "machine": "",
    "timing": "",
}
TOOL: dict[str, Any] = {"purpose": "compiles", "packages": ["gcc"]}


def parsed(table: dict[str, Any]) -> targets.Target:
    return targets.parse_board("probe.toml", table, "probe")


@pytest.mark.parametrize("name", sorted({*targets.boards(), *cores()}))
def test_shipped_target_is_complete(name: str) -> None:
    target = targets.find_target(name)

    assert target.name == name
    assert target.description
    for command in (*target.core.compilers, *target.emulator[:1]):
        assert TOOLS[command].packages, f"doctor does not know how to install {command}"
    assert target.limits or target.machine is None, "a stand-in has limits"


@pytest.mark.parametrize("name", sorted(targets.boards()))
def test_shipped_board_says_what_stands_in(name: str) -> None:
    board = targets.find_target(name)

    assert board.limits
    if not board.core.is_bare_metal:
        return
    assert board.machine is not None or not board.core.compilers
    if board.memory is not None:
        assert board.memory.flash_address % 256 == 0, "a vector table is aligned"
        assert board.memory.ram_address % 16 == 0
        assert board.memory.ram_bytes == board.ram_bytes
        assert board.memory.flash_bytes == board.flash_bytes


@pytest.mark.parametrize("name", sorted(targets.boards()))
def test_machine_has_the_memory_of_every_board_that_it_stands_in_for(name: str) -> None:
    board = targets.find_target(name)
    if board.machine is None:
        assert not board.core.startup
        return

    assert board.ram_bytes is not None
    assert board.flash_bytes is not None
    assert board.ram_bytes <= board.machine.memory.ram_bytes
    assert board.flash_bytes <= board.machine.memory.flash_bytes


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("cortex-m0plus", "mps2-an385"),
        ("cortex-m4", "mps2-an386"),
        ("cortex-m85", "mps3-an547"),
        ("rv32imc", "riscv-virt"),
        ("nucleo-l4r5zi", "mps2-an386"),
        ("microbit-v1", "mps2-an385"),
        ("ek-ra8m1", "mps3-an547"),
    ],
)
def test_machine_stands_in(name: str, machine: str) -> None:
    target = targets.find_target(name)

    assert target.machine is not None
    assert target.machine is machines()[machine]
    assert target.emulated_by == machine
    assert target.machine.limits in target.limits


def test_core_on_its_own_has_a_flash_budget_of_1_mb_and_any_ram() -> None:
    target = targets.find_target("cortex-m4")

    assert target.flash_bytes == 2**20
    assert target.ram_bytes is None
    assert target.memory is None


def test_instruction_sets_of_later_cores_hold_those_of_earlier_ones() -> None:
    names = ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m33", "cortex-m55", "cortex-m85")
    sets = [set(cores()[name].instruction_sets) for name in names]

    assert all(earlier <= later for earlier, later in itertools.pairwise(sets))


def test_rpi_is_a_64_bit_linux_board() -> None:
    target = targets.find_target("rpi")

    assert target.core.isa == "aarch64"
    assert target.core.emulator[0] == "qemu-aarch64"
    assert not target.is_host


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("rpy", "'rpi'"),
        ("cortexa53", "'cortex-a53'"),
        ("NUCLEO", "'nucleo-h743zi' or 'nucleo-l4r5zi' or 'nucleo-u575zi'"),
        ("stm32f7", "'stm32f746g-disco'"),
    ],
)
def test_unknown_target_suggests_what_begins_so_or_the_nearest(typo: str, meant: str) -> None:
    with pytest.raises(BoardError, match=f"unknown target '{typo}'") as caught:
        targets.find_target(typo)

    assert caught.value.remedy.startswith(f"did you mean {meant}? 'cnnc boards' lists all")
    assert len(caught.value.remedy) < 250


@pytest.mark.parametrize("typo", ["stm32f4", "", "z80"])
def test_no_other_board_is_suggested_for_an_unknown_one(typo: str) -> None:
    with pytest.raises(BoardError) as caught:
        targets.find_target(typo)

    assert caught.value.remedy.startswith("'cnnc boards' lists all; ")
    assert "name its core" in caught.value.remedy


@pytest.mark.parametrize("name", ["NUCLEO-L4R5ZI", "Cortex-M4"])
def test_target_is_found_in_any_case(name: str) -> None:
    assert targets.find_target(name).name == name.lower()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ram_byte": 1}, r"unknown key 'ram_byte'"),
        ({"ram_bytes": "64K"}, r"'ram_bytes' must be of type int"),
        ({"ram_bytes": True}, r"'ram_bytes' must be of type int"),
        ({"ram_bytes": 0}, r"'ram_bytes' must be at least 1, not 0"),
        ({"clock_hz": -1}, r"'clock_hz' must be at least 1, not -1"),
        ({"core": "z80"}, r"unknown core 'z80'"),
        ({"name": "other"}, r"name is 'other', unlike the file's"),
        ({"description": "a */ b"}, r"'description' must be one line"),
        ({"description": "a\nb"}, r"'description' must be one line"),
        ({"emulation": {}}, r"\[emulation\]: missing limits"),
        ({"flash_bytes": 1}, r"'flash_bytes' means nothing under Linux"),
        ({"ram_address": 1}, r"'ram_address' means nothing under Linux"),
        ({"emulation": {"limits": "l", "machine": "m"}}, r"'machine' is for bare-metal boards"),
    ],
)
def test_faulty_board_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        parsed({**BOARD, **change})


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        (("flash_bytes",), r"missing flash_bytes$"),
        (("clock_hz",), r"missing clock_hz$"),
        (("flash_address",), r"missing flash_address$"),
        (("ram_address",), r"missing ram_address$"),
    ],
)
def test_incomplete_bare_metal_board_is_refused(left_out: tuple[str, ...], message: str) -> None:
    table = {key: value for key, value in BARE_BOARD.items() if key not in left_out}

    with pytest.raises(BoardError, match=message):
        parsed(table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ram_address": 0x20000001}, r"'ram_address' must be a multiple of 16, not 0x20000001"),
        ({"ram_bytes": 1025}, r"'ram_bytes' must be a multiple of 8, not 1,025"),
        ({"flash_address": 0x08000004}, r"'flash_address' must be a multiple of 256"),
        ({"vector_address": 4}, r"'vector_address' must be a multiple of 256, not 0x4"),
        ({"vector_address": 0, "flash_address": 0x08000002}, r"'flash_address' must be a .* of 4,"),
        ({"boot_address": 2}, r"'boot_address' must be a multiple of 4"),
        ({"flash_address": 0x20000200}, r"flash and RAM overlap"),
        ({"ram_address": 0xFFFFFFF0}, r"the ram ends beyond 32 bits of address"),
        ({"ram_bytes": 4194312}, r"'ram_bytes' is 4,194,312, more than the 4,194,304 of 'mps2-an"),
        ({"flash_bytes": 4194305}, r"'flash_bytes' is 4,194,305, more than"),
    ],
)
def test_board_whose_memory_cannot_be_used_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        parsed({**BARE_BOARD, **change})


def test_vector_table_needs_no_alignment_where_flash_holds_it_not() -> None:
    board = parsed({**BARE_BOARD, "vector_address": 0, "flash_address": 0x08000104})

    assert board.memory is not None
    assert board.memory.flash_address == 0x08000104


def test_board_without_addresses_has_no_memory_map() -> None:
    table = {key: value for key, value in BARE_BOARD.items() if not key.endswith("address")}

    board = parsed(table)

    assert board.memory is None
    assert board.flash_bytes == 2048


def test_vector_table_may_lie_apart() -> None:
    together = parsed(BARE_BOARD).memory
    apart = parsed({**BARE_BOARD, "vector_address": 0}).memory

    assert together is not None
    assert together.vector_address == 0x08000000
    assert apart == replace(together, vector_address=0)


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        ("mps2-an387", r"probe.toml \[emulation\]: unknown machine 'mps2-an387'"),
        ("mps2-an385", r"machine 'mps2-an385' cannot run code for cortex-m4: it lacks dsp"),
        ("riscv-virt", r"machine 'riscv-virt' cannot run code for cortex-m4: it lacks armv6m"),
    ],
)
def test_machine_that_cannot_stand_in_is_refused(machine: str, message: str) -> None:
    with pytest.raises(BoardError, match=message):
        parsed({**BARE_BOARD, "emulation": {"machine": machine, "limits": "l"}})


def test_arm_machine_does_not_run_risc_v() -> None:
    with pytest.raises(BoardError, match="cannot run code for rv32imc: it is armv7-m"):
        machine_for(cores()["rv32imc"], "mps2-an385", "probe.toml")


def test_good_machine_is_read() -> None:
    machine = parse_machine("probe", MACHINE)

    assert machine.core is cores()["cortex-m4"]
    assert machine.memory.ram_address == 0x20000000
    assert machine.emulator == ("qemu-system-arm", "-M", "probe")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ram_adress": 0}, r"machines.toml \[probe\]: unknown key 'ram_adress'"),
        ({"ram_bytes": "4M"}, r"'ram_bytes' must be of type int"),
        ({"flash_address": -1}, r"'flash_address' must be at least 0, not -1"),
        ({"core": "cortex-m5"}, r"unknown core 'cortex-m5'"),
        ({"vector_address": 4}, r"machines.toml \[probe\]: 'vector_address' must be a multiple"),
        ({"ram_address": 0}, r"flash and RAM overlap"),
        ({"emulator": []}, r"emulator is empty"),
        ({"emulator": ["qemu-arn"]}, r"unknown tool 'qemu-arn'"),
    ],
)
def test_faulty_machine_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        parse_machine("probe", {**MACHINE, **change})


def test_missing_field_is_named() -> None:
    incomplete = {key: value for key, value in BOARD.items() if key != "ram_bytes"}

    with pytest.raises(BoardError, match=re.escape("probe.toml: missing ram_bytes")):
        parsed(incomplete)


def test_good_core_is_read() -> None:
    assert parse_core("probe", CORE).emulator == ("qemu-aarch64", "-cpu", "max")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compilers": ["sdcc"]}, r"cores.toml \[probe\]: unknown tool 'sdcc'"),
        ({"emulator": ["quemu-aarch64"]}, r"unknown tool 'quemu-aarch64'"),
        ({"compilers": []}, r"compilers is empty"),
        (
            {"compilers": [], "system": "bare-metal", "startup": "riscv"},
            r"compilers is empty",
        ),
        ({"compilers": "gcc"}, r"'compilers' must be of type list of text"),
        ({"c_flags": [1]}, r"'c_flags' must be of type list of text"),
        ({"isa": []}, r"'isa' must be of type str"),
        ({"flags": []}, r"unknown key 'flags'"),
        ({"system": "bsd"}, r"unknown system 'bsd'"),
        ({"startup": "armv9-m"}, r"unknown startup 'armv9-m'"),
        ({"instruction_sets": ["dsq"]}, r"unknown instruction_sets 'dsq'"),
        ({"flash_budget_bytes": 0}, r"'flash_budget_bytes' must be at least 1, not 0"),
        ({"flash_budget_bytes": "1M"}, r"'flash_budget_bytes' must be of type int"),
    ],
)
def test_faulty_core_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        parse_core("probe", {**CORE, **change})


def test_unknown_tool_says_where_to_describe_it() -> None:
    with pytest.raises(BoardError) as caught:
        parse_core("probe", {**CORE, "compilers": ["clangg"]})

    assert "boards/tools.toml" in caught.value.remedy
    assert "did you mean 'clang'?" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package": ["x"]}, r"tools.toml \[probe\]: unknown key 'package'"),
        ({"packages": []}, r"packages is empty"),
        ({"packages": "gcc"}, r"'packages' must be of type list of text"),
        ({"purpose": 1}, r"'purpose' must be of type str"),
    ],
)
def test_faulty_tool_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        tools.parse_tool("probe", {**TOOL, **change})


def test_every_described_tool_is_used() -> None:
    used = {
        command for core in cores().values() for command in (*core.compilers, *core.emulator[:1])
    } | {machine.emulator[0] for machine in machines().values()}

    assert used < set(TOOLS)
    helpers = set(TOOLS) - used
    beside = {command.replace("gcc", "objdump") for command in used if command.endswith("-elf-gcc")}
    beside |= {"arm-none-eabi-objdump", "make"}
    assert helpers == beside


def test_board_without_compiler_says_what_to_do() -> None:
    with pytest.raises(ToolchainError, match="no compiler for xtensa-lx7") as caught:
        find_compiler(targets.find_target("esp32-s3").core)

    assert "vendor's tools" in caught.value.remedy


def test_board_without_emulator_says_so() -> None:
    with pytest.raises(ToolchainError, match="nothing stands in for esp32-s3 here"):
        find_emulator(targets.find_target("esp32-s3"))


def test_host_needs_no_emulator() -> None:
    assert find_emulator(targets.find_target("host")) == ()


def _broken_boards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(str(tree("boards")), folder / "boards")
    (folder / "boards" / "rpi.toml").write_text("name = ")

    def broken(name: str) -> Path:
        return folder / name

    monkeypatch.setattr(targets, "tree", broken)


def test_fault_in_one_board_does_no_harm_to_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _broken_boards(tmp_path, monkeypatch)

    assert targets.find_target("nucleo-l4r5zi").flash_bytes == 2 * 2**20
    assert targets.find_target("cortex-m4").machine is not None
    with pytest.raises(BoardError, match=r"boards/rpi\.toml is not valid TOML") as caught:
        targets.find_target("rpi")
    assert caught.value.remedy.startswith("correct boards/rpi.toml; ")
    with pytest.raises(BoardError, match=r"boards/rpi\.toml"):
        [targets.find_target(name) for name in targets.target_names()]


def test_new_core_and_tool_need_no_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    core = "\n".join(f"{key} = {value!r}" for key, value in {**CORE, "compilers": ["sdcc"]}.items())
    (tmp_path / "cores.toml").write_text(f"[probe-core]\n{core}\n")
    (tmp_path / "tools.toml").write_text(
        "".join(
            f"[{name}]\npurpose = 'runs'\npackages = ['x']\n" for name in ("sdcc", "qemu-aarch64")
        )
    )

    def tree(name: str) -> Path:
        assert name == "boards"
        return tmp_path

    monkeypatch.setattr(description, "tree", tree)
    tools.tools.cache_clear()
    cores.cache_clear()
    try:
        with pytest.raises(ToolchainError, match="'sdcc' is not installed; it runs"):
            find_compiler(cores()["probe-core"])
    finally:
        monkeypatch.undo()
        tools.tools.cache_clear()
        cores.cache_clear()


def test_loading_over_usb_says_how_the_board_is_made_to_listen() -> None:
    signs = {"bossac ": "reset button twice", "picotool ": "BOOTSEL"}
    found = [
        (board, sign)
        for board in targets.boards().values()
        for tool, sign in signs.items()
        if any(tool in command for command in board.programming)
    ]
    assert len(found) >= 3
    for board, sign in found:
        assert sign in board.notes, board.name
