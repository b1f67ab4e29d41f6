"""Start-up code of emitted firmware: what runs before main, and what a fault leaves."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.onnx_networks import write_classifier

from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder

_GCC = {
    "nucleo-l4r5zi": [
        "arm-none-eabi-g++",
        "-mcpu=cortex-m4",
        "-mthumb",
        "-mfpu=fpv4-sp-d16",
        "-mfloat-abi=hard",
    ],
    "microbit-v1": ["arm-none-eabi-g++", "-mcpu=cortex-m0", "-mthumb"],
    "riscv-virt": ["riscv64-unknown-elf-g++", "-march=rv32imc", "-mabi=ilp32"],
}

PROGRAMS = Path(__file__).parent / "programs"


def _compile(folder: Path, board: str) -> Path:
    model = write_classifier(folder / "c.onnx")
    options = CompileOptions(model=model, output=folder / "p", target=board, name="net")
    return compile_to_folder(options, no_progress, print)[0]


def _build(project: Path, *arguments: str) -> str:
    """Return what the tools say of the program for the emulated machine."""
    command = ["make", "-s", "-B", "build/net_emulated.elf", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def _run(project: Path, *arguments: str) -> tuple[int, list[str]]:
    """Return the status of ``make run`` and what the program prints."""
    command = ["make", "-s", "run", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.mark.parametrize("board", _GCC)
def test_static_objects_are_constructed_in_their_order(tmp_path: Path, board: str) -> None:
    project = _compile(tmp_path, board)
    source = PROGRAMS / "static_objects.cpp"
    compile_objects = [*_GCC[board], "-O2", "-c", str(source), "-o", "objects.o"]
    subprocess.run(compile_objects, cwd=project, check=True)
    (project / "main.c").write_text(
        "int order_of_construction(void);\n"
        "int main(void) { return order_of_construction() == 4142 ? 0 : 1; }\n",
        encoding="utf-8",
    )
    # The linker would warn of a segment that is both writable and executable.
    assert "warning" not in _build(project, "LDLIBS=objects.o")
    assert _run(project, "LDLIBS=objects.o")[0] == 0


@pytest.mark.parametrize("board", ["nucleo-l4r5zi", "microbit-v1"])
def test_call_without_an_answer_is_a_fault_where_the_stack_ends(tmp_path: Path, board: str) -> None:
    project = _compile(tmp_path, board)
    shutil.copy(PROGRAMS / "fault_near_the_limit.c", project / "main.c")
    _build(project)
    status, lines = _run(project)
    assert status != 0
    assert lines[0] == "went on"
    assert lines[1].startswith("fault 0 at 0x")


def test_frame_is_not_read_where_the_limit_kept_it_from_being_written(tmp_path: Path) -> None:
    project = _compile(tmp_path, "rpi-pico2")
    shutil.copy(PROGRAMS / "fault_at_the_limit.c", project / "main.c")
    _build(project)
    status, lines = _run(project)
    assert status != 0
    # No room for the frame, an undefined instruction; a return would have added a third fault.
    assert lines[0] == "stack overflow: fault 3 at 0x00000000, status 0x00110000"
