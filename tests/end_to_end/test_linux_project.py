"""Projects for cores under Linux, built as their README says and run in the core's emulator."""

from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.emitted import run_tool
from tests.support.onnx_networks import write_classifier

from cnnc.deploy.targets import find_target
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder


def _compile(folder: Path, target: str) -> Path:
    request = CompileOptions(
        model=write_classifier(folder / "c.onnx"), output=folder / "p", target=target, name="net"
    )
    compile_to_folder(request, no_progress, print)
    return folder / "p"


def _command(readme: Path, start: str) -> str:
    """Return the one line of the README that starts so."""
    lines = [line.strip() for line in readme.read_text(encoding="utf-8").splitlines()]
    (command,) = [line for line in lines if line.startswith(start)]
    return command


def _run(target: str, program: Path) -> str:
    return run_tool([*find_target(target).emulator, program]).decode()


@pytest.mark.parametrize(
    ("target", "flags"),
    [
        ("rpi", "-mcpu=cortex-a53"),
        ("rpi2", "-mcpu=cortex-a7 -mfpu=neon-vfpv4 -mfloat-abi=hard"),
        ("rpi-zero", "-march=armv6 -mfpu=vfp -mfloat-abi=softfp"),
    ],
)
def test_cross_builds_of_the_readme(tmp_path: Path, target: str, flags: str) -> None:
    project = _compile(tmp_path, target)
    command = _command(project / "README.md", "make CC=")
    assert flags in run_tool(["sh", "-c", f"cd {project} && {command}"]).decode()
    assert _run(target, project / "build" / "net_example").endswith("selftest ok\n")
    command = _command(project / "README.md", "cmake -S . -B build/cmake -DCMAKE_TOOLCHAIN_FILE")
    run_tool(["sh", "-c", f"cd {project} && {command}"])
    assert _run(target, project / "build" / "cmake" / "net_example").endswith("selftest ok\n")


@pytest.mark.parametrize(
    ("target", "compiler"),
    [
        ("rpi4", "clang --target=aarch64-linux-gnu"),
        # The hard floats of Raspberry Pi OS; a library for Armv7, which the emulator runs.
        ("rpi-zero", "arm-linux-gnueabihf-gcc"),
        ("rpi2", "arm-linux-gnueabi-gcc"),
    ],
)
def test_flags_follow_the_compiler(tmp_path: Path, target: str, compiler: str) -> None:
    project = _compile(tmp_path, target)
    run_tool(["make", "-C", project, f"CC={compiler}", "LDFLAGS=-static"])
    core = "rpi2" if target == "rpi-zero" else target
    assert _run(core, project / "build" / "net_example").endswith("selftest ok\n")


@pytest.mark.parametrize("target", ["rpi", "rpi-zero", "host"])
def test_the_compiler_of_another_processor_takes_no_flags(tmp_path: Path, target: str) -> None:
    project = _compile(tmp_path, target)
    text = run_tool(["make", "-C", project, "run", "CC=gcc"]).decode()
    assert "-march" not in text
    assert "selftest ok" in text
