"""Emitted firmware in the builds of others: C++, link-time optimisation, Clang, ESP-IDF."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.onnx_networks import write_classifier

from cnnc.codegen.firmware_view import EMULATOR_OPTIONS
from cnnc.deploy.targets import find_target
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder

PROGRAMS = Path(__file__).parent / "programs"
BOARDS = ["nucleo-l4r5zi", "rpi-pico2", "riscv-virt"]


def _compile(folder: Path, board: str, **options: object) -> Path:
    request = CompileOptions(
        model=write_classifier(folder / "c.onnx"),
        output=folder / "p",
        target=board,
        name="net",
        **options,  # type: ignore[arg-type]
    )
    return compile_to_folder(request, no_progress, print)[0]


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("board", "arguments"), [("nucleo-l4r5zi", []), ("riscv-virt", ["-DLINK_AS=C"])]
)
def test_application_in_cpp_takes_the_folder(
    tmp_path: Path, board: str, arguments: list[str]
) -> None:
    project = _compile(tmp_path, board)
    toolchain = f"-DCMAKE_TOOLCHAIN_FILE={project}/firmware/toolchain.cmake"
    places = ["-S", str(PROGRAMS / "cpp_application"), "-B", "b", f"-DNETWORK={project}"]
    _run(tmp_path, "cmake", *places, toolchain, *arguments)
    assert "warning" not in _run(tmp_path, "cmake", "--build", "b")
    emulator = [*find_target(board).emulator, *EMULATOR_OPTIONS]
    assert _run(tmp_path, *emulator, "-kernel", "b/application") == "selftest ok\n"


@pytest.mark.parametrize("board", BOARDS)
def test_link_time_optimization(tmp_path: Path, board: str) -> None:
    project = _compile(tmp_path, board)
    optimized = "CFLAGS=-O2 -flto"
    assert _run(project, "make", "-s", "run", optimized).splitlines()[-1] == "selftest ok"
    _run(project, "make", "-s", optimized)
    toolchain = "-DCMAKE_TOOLCHAIN_FILE=firmware/toolchain.cmake"
    choice = "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON"
    _run(project, "cmake", "-S", ".", "-B", "build/cmake", toolchain, choice)
    output = _run(project, "cmake", "--build", "build/cmake", "--target", "all", "run", "-v")
    assert "-flto" in output
    assert "selftest ok" in output


@pytest.mark.parametrize("board", BOARDS)
def test_clang_takes_include_folders_and_nothing_else(tmp_path: Path, board: str) -> None:
    project = _compile(tmp_path, board)
    # What the GNU compiler says in another language has other markers.
    commands = _run(project, "env", "LANGUAGE=de", "LANG=de_DE.UTF-8", "make", "-n", "CC=clang")
    folders = set(re.findall(r"-isystem (\S+)", commands))
    assert folders
    assert all(Path(folder).is_dir() for folder in folders)


@pytest.mark.parametrize("weights", ["c", "asm"])
@pytest.mark.parametrize("board", ["esp32-s3", "esp32-c3"])
def test_component_of_esp_idf(tmp_path: Path, board: str, weights: str) -> None:
    project = _compile(tmp_path, board, weights=weights)
    script = [f"-DNETWORK={project}", "-DESP_PLATFORM=1", "-P"]
    requirements = PROGRAMS / "esp_idf" / "requirements.cmake"
    assert "registered: SRCS;src/net.c;" in _run(tmp_path, "cmake", *script, str(requirements))
    _run(tmp_path, "cmake", "-S", str(PROGRAMS / "esp_idf"), "-B", "b", f"-DNETWORK={project}")
    _run(tmp_path, "cmake", "--build", "b")
    assert _run(tmp_path, "b/application") == "selftest ok\n"


@pytest.mark.parametrize("board", ["esp32-s3", "esp32-c3", "xtensa-lx7"])
def test_readme_advises_what_can_be_done(tmp_path: Path, board: str) -> None:
    readme = (_compile(tmp_path, board) / "README.md").read_text(encoding="utf-8")
    assert "ESP-IDF" in readme
    for impossible in ("arm-none-eabi", "semihosting", "LINKER_SCRIPT"):
        assert impossible not in readme


@pytest.mark.parametrize("board", ["riscv-virt", "nucleo-l4r5zi"])
def test_readme_names_sources_for_the_assembler(tmp_path: Path, board: str) -> None:
    project = _compile(tmp_path, board)
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert ("every `.c` and `.S` file" in readme) == bool(list(project.glob("src/*.S")))


def test_number_of_a_layer_leads_to_its_report(tmp_path: Path) -> None:
    project = _compile(tmp_path, "nucleo-l4r5zi")
    layers = json.loads((project / "report.json").read_text(encoding="utf-8"))["layers"]
    source = (project / "src" / "net.c").read_text(encoding="utf-8")
    found = re.findall(
        r"/\* Of layers\[(\d+)\] in report.json. \*/\nCNNC_LAYER void net_layer_(\d+)_(\w+)\(",
        source,
    )
    assert len(found) == source.count("\nCNNC_LAYER ")
    assert any(comment != str(place) for place, (comment, _, _) in enumerate(found))
    for comment, number, kind in found:
        assert comment == number
        assert layers[int(number)]["op"] == kind
