"""Target descriptions: every shipped file is valid, faults are named."""

import re
from typing import Any

import pytest

from cnnc.deploy import targets
from cnnc.deploy.toolchain import TOOLS
from cnnc.errors import BoardError

BOARD: dict[str, Any] = {
    "name": "probe",
    "description": "a board",
    "core": "cortex-a53",
    "ram_bytes": 1024,
    "emulation": {"machine": "m", "limits": "l"},
}


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
