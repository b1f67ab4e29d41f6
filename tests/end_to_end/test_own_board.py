"""A board that only its user knows: a file is checked, used, and taken along in the folder."""

import json
import re
from pathlib import Path

import pytest
from tests.support.onnx_networks import write_classifier

from cnnc.cli import main
from cnnc.errors import EXIT_BAD_INPUT, EXIT_EQUAL
from cnnc.resources import tree

GUIDE = (tree("boards") / "README.md").read_text(encoding="utf-8")
EXAMPLE = "\n".join(
    line[4:]
    for line in re.findall(r'(?s)\n( {4}name = "my-board".*?)\n\n[^ ]', GUIDE)[0].split("\n")
)
"""What boards/README.md gives to copy."""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """The guide's example as a file."""
    path = tmp_path / "elsewhere" / "my-board.toml"
    path.parent.mkdir()
    path.write_text(EXAMPLE)
    return path


def _compile(folder: Path, target: str) -> list[str]:
    model = write_classifier(folder / "classifier.onnx")
    return ["compile", str(model), "--target", target, "-o", str(folder / "out"), "--json"]


def test_folder_of_an_own_board_needs_no_file_of_it_later(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_compile(tmp_path, str(board))) == EXIT_EQUAL
    report = json.loads(capsys.readouterr().out)
    assert report["target"] == {"name": "my-board", "core": "cortex-m4", "isa": "armv7e-m"}
    assert "model/board.toml" in report["files"]
    script = (tmp_path / "out" / "firmware" / "board.ld").read_text()
    assert "0x08008000" in script.lower()

    board.unlink()
    arguments = ["simulate", str(tmp_path / "out"), "--engines", "target", "--random", "1"]
    assert main([*arguments, "--profile"]) == EXIT_EQUAL
    printed = capsys.readouterr().out
    assert "these cycles at the board's 84 MHz" in printed
    rows = [line.split() for line in printed.splitlines()]
    (titles,) = [row for row in rows if "instr/MAC" in row]
    (whole,) = [row for row in rows if row[:1] == ["inference"]]
    cycles, milliseconds = (
        whole[titles.index(title) - len(titles) - 1] for title in ("cycles", "ms")
    )
    assert float(milliseconds) == pytest.approx(int(cycles.replace(",", "")) / 84e3, abs=1e-3)

    assert main(_compile(tmp_path, "cortex-m4")) == EXIT_EQUAL
    assert not (tmp_path / "out" / "model" / "board.toml").exists()


def test_boards_checks_and_shows_a_file(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards", str(board)]) == EXIT_EQUAL
    printed = capsys.readouterr().out
    assert "my-board" in printed
    assert "84 MHz" in printed

    board.write_text(EXAMPLE.replace("clock_hz", "clock_khz"))
    assert main(["boards", str(board)]) == EXIT_BAD_INPUT
    printed = capsys.readouterr().err
    assert f"{board}: unknown key 'clock_khz'" in printed
    assert "did you mean 'clock_hz'?" in printed


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (EXAMPLE.replace('"my-board"', '"other"').encode(), "name is 'other', unlike the file's"),
        (EXAMPLE.replace("0x20000000", "0x20000001").encode(), "'ram_address' must be a multiple"),
        (b"\xff", "is not valid TOML"),
    ],
)
def test_faulty_board_file_is_refused_with_its_path(
    board: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    problem: str,
) -> None:
    board.write_bytes(content)
    assert main(_compile(tmp_path, str(board))) == EXIT_BAD_INPUT
    error = json.loads(capsys.readouterr().out)["error"]
    assert problem in error["problem"]
    assert str(board) in error["problem"]
    assert "README.md says what each field means" in error["remedy"]
    assert not (tmp_path / "out").exists()


def test_board_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "none.toml", tmp_path / "folder.toml"):
        (tmp_path / "folder.toml").mkdir(exist_ok=True)
        assert main(_compile(tmp_path, str(path))) == EXIT_BAD_INPUT
        assert f"board file '{path}' cannot be read" in capsys.readouterr().out


def test_damaged_copy_in_the_folder_is_named(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_compile(tmp_path, str(board))) == EXIT_EQUAL
    copy = tmp_path / "out" / "model" / "board.toml"
    copy.write_text("name = 1")
    capsys.readouterr()
    assert main(["simulate", str(tmp_path / "out"), "--json"]) == EXIT_BAD_INPUT
    assert str(copy) in json.loads(capsys.readouterr().out)["error"]["problem"]
