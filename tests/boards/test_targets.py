"""Target descriptions: every shipped file is valid, faults are named."""

import re
from pathlib import Path
from typing import Any

import pytest

from cnnc.deploy import description, targets, tools
from cnnc.deploy.toolchain import TOOLS, find_compiler
from cnnc.errors import BoardError, ToolchainError

BOARD: dict[str, Any] = {
    "name": "probe",
    "description": "a board",
    "core": "cortex-a53",
    "ram_bytes": 1024,
    "emulation": {"machine": "m", "limits": "l"},
}


CORE: dict[str, Any] = {
    "description": "a core",
    "isa": "aarch64",
    "system": "linux",
    "instruction_sets": [],
    "compilers": ["aarch64-linux-gnu-gcc"],
    "c_flags": [],
    "link_flags": [],
    "emulator": ["qemu-aarch64", "-cpu", "max"],
}
TOOL: dict[str, Any] = {"purpose": "compiles", "packages": ["gcc"]}


@pytest.mark.parametrize("name", sorted({*targets.boards(), *targets.cores()}))
def test_shipped_target_is_complete(name: str) -> None:
    target = targets.find_target(name)

    assert target.name == name
    assert target.description
    for command in (*target.core.compilers, *target.core.emulator[:1]):
        assert TOOLS[command].packages, f"doctor does not know how to install {command}"


def test_rpi_is_a_64_bit_linux_board() -> None:
    target = targets.find_target("rpi")

    assert target.core.isa == "aarch64"
    assert target.core.emulator[0] == "qemu-aarch64"
    assert not target.is_host


@pytest.mark.parametrize(("typo", "meant"), [("rpy", "rpi"), ("cortexa53", "cortex-a53")])
def test_unknown_target_suggests_the_nearest(typo: str, meant: str) -> None:
    with pytest.raises(BoardError, match=f"unknown target '{typo}'") as caught:
        targets.find_target(typo)

    assert f"did you mean '{meant}'?" in caught.value.remedy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ram_byte": 1}, r"unknown key 'ram_byte'"),
        ({"ram_bytes": "64K"}, r"'ram_bytes' must be of type int"),
        ({"ram_bytes": True}, r"'ram_bytes' must be of type int"),
        ({"core": "z80"}, r"unknown core 'z80'"),
        ({"name": "other"}, r"name is 'other', unlike the file's"),
        ({"emulation": {"machine": "m"}}, r"\[emulation\]: missing limits"),
    ],
)
def test_faulty_board_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        targets.parse_board("probe.toml", {**BOARD, **change})


def test_missing_field_is_named() -> None:
    incomplete = {key: value for key, value in BOARD.items() if key != "ram_bytes"}

    with pytest.raises(BoardError, match=re.escape("probe.toml: missing ram_bytes")):
        targets.parse_board("probe.toml", incomplete)


def test_good_core_is_read() -> None:
    assert targets.parse_core("probe", CORE).emulator == ("qemu-aarch64", "-cpu", "max")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compilers": ["sdcc"]}, r"cores.toml \[probe\]: unknown tool 'sdcc'"),
        ({"emulator": ["quemu-aarch64"]}, r"unknown tool 'quemu-aarch64'"),
        ({"compilers": []}, r"compilers is empty"),
        ({"compilers": "gcc"}, r"'compilers' must be of type list of text"),
        ({"c_flags": [1]}, r"'c_flags' must be of type list of text"),
        ({"isa": []}, r"'isa' must be of type str"),
        ({"flags": []}, r"unknown key 'flags'"),
    ],
)
def test_faulty_core_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        targets.parse_core("probe", {**CORE, **change})


def test_unknown_tool_says_where_to_describe_it() -> None:
    with pytest.raises(BoardError) as caught:
        targets.parse_core("probe", {**CORE, "compilers": ["clangg"]})

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
    cores = targets.cores().values()
    used = {command for core in cores for command in (*core.compilers, *core.emulator[:1])}

    assert used == set(TOOLS)


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
    targets.cores.cache_clear()
    try:
        with pytest.raises(ToolchainError, match="'sdcc' is not installed; it runs"):
            find_compiler(targets.cores()["probe-core"])
    finally:
        monkeypatch.undo()
        tools.tools.cache_clear()
        targets.cores.cache_clear()
