"""Bare-metal targets: what ``compile`` emits builds and runs, and ``simulate`` sees every fault."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.emitted import C_FLAGS, spoil_first_bias
from tests.support.onnx_networks import write_classifier, write_two_ports

from cnnc.cli import main
from cnnc.deploy.cores import cores
from cnnc.deploy.reserves import STACK_BYTES
from cnnc.deploy.targets import boards, find_target
from cnnc.errors import MemoryFitError, ToolchainError, UsageError
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.bare_metal import emulator_command
from cnnc.simulator.counting import build_plugin, plugin_arguments, read_counts
from cnnc.simulator.elf import function_addresses
from cnnc.simulator.faults import FaultyCodeError
from cnnc.simulator.folder import open_folder
from cnnc.simulator.run import SimulationRequest, simulate

CORES = [name for name, core in cores().items() if core.startup]
BOARDS = ["nucleo-l4r5zi", "rpi-pico", "rpi-pico2", "stm32-bluepill", "alif-e7", "riscv-virt"]
"""One for each kind of start-up code, and one whose linker script begins behind a boot stage."""
TARGET = SimulationRequest(random=3, engines=("target",))


def _compile(model: Path, output: Path, **options: object) -> Path:
    request = CompileOptions(model=model, output=output, **options)  # type: ignore[arg-type]
    directory, _ = compile_to_folder(request, no_progress, print)
    return directory


def _run(directory: Path, *command: str) -> str:
    """Return what a command writes; a failure shows it."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _sizes(elf: Path, prefix: str) -> list[str]:
    """Return text, data and bss."""
    return _run(elf.parent, f"{prefix}size", elf.name).splitlines()[1].split()[:3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A classifier for a Cortex-M4 board; to be changed as a test likes."""
    return _compile(
        write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target="nucleo-l4r5zi", name="net"
    )


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("board", BOARDS)
def test_project_builds_without_a_warning_and_passes_its_test(
    tmp_path: Path, board: str, compiler: str
) -> None:
    directory = _compile(
        write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target=board, name="net"
    )
    arguments = ["CC=clang"] if compiler == "clang" else []
    warnings = f"CPPFLAGS={' '.join(C_FLAGS)}"
    assert "warning" not in _run(directory, "make", "-s", *arguments, warnings)
    assert (directory / "build" / "net.elf").is_file()
    output = _run(directory, "make", "-s", *arguments, warnings, "run")
    assert output.splitlines()[-1] == "selftest ok"
    assert re.search(r"^output( -?\d+){5}$", output, re.MULTILINE)


@pytest.mark.parametrize("weights", ["asm", "file"])
@pytest.mark.parametrize("board", ["nucleo-l4r5zi", "riscv-virt"])
def test_weights_in_a_binary_file(tmp_path: Path, board: str, weights: str) -> None:
    model = write_classifier(tmp_path / "c.onnx")
    directory = _compile(model, tmp_path / "a p", target=board, weights=weights)
    assert _run(directory, "make", "-s", "run").splitlines()[-1] == "selftest ok"
    report = simulate(directory, TARGET)
    assert report.equal
    details = report.results["target"].details
    (blob,) = (directory / "src").glob("*.bin")
    assert details["weights_bytes"] == blob.stat().st_size
    assert details["flash_bytes"] > details["weights_bytes"] + details["code_bytes"]


@pytest.mark.parametrize("board", ["nucleo-l4r5zi", "riscv-virt"])
def test_cmake_builds_the_same_program_as_make(tmp_path: Path, board: str) -> None:
    directory = _compile(
        write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target=board, name="net"
    )
    _run(directory, "make", "-s")
    toolchain = "-DCMAKE_TOOLCHAIN_FILE=firmware/toolchain.cmake"
    _run(directory, "cmake", "-S", ".", "-B", "build/cmake", toolchain)
    output = _run(directory, "cmake", "--build", "build/cmake", "--target", "all", "run")
    assert "selftest ok" in output
    prefix = cores()[find_target(board).core.name].compilers[0].removesuffix("gcc")
    made = _sizes(directory / "build" / "net.elf", prefix)
    assert made == _sizes(directory / "build" / "cmake" / "net.elf", prefix)


def test_cmake_without_the_toolchain_says_so(project: Path) -> None:
    command = ["cmake", "-S", ".", "-B", "build/cmake"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "-DCMAKE_TOOLCHAIN_FILE=firmware/toolchain.cmake names the compiler" in done.stderr


def test_make_builds_again_what_another_choice_built(project: Path) -> None:
    _run(project, "make", "-s", "-j2")
    elf = project / "build" / "net.elf"
    before = _sizes(elf, "arm-none-eabi-")
    written = elf.stat().st_mtime_ns
    _run(project, "make", "-s")
    assert elf.stat().st_mtime_ns == written
    _run(project, "make", "-s", f"STACK_BYTES={STACK_BYTES + 1024}")
    after = _sizes(elf, "arm-none-eabi-")
    assert int(after[2]) == int(before[2]) + 1024
    assert "clang" in _run(project, "make", "CC=clang", "CPPFLAGS=-DNAME='\"it'")


@pytest.mark.parametrize("core", CORES)
def test_every_core_computes_the_bytes_of_the_reference(tmp_path: Path, core: str) -> None:
    directory = _compile(write_two_ports(tmp_path / "t.onnx"), tmp_path / "p", target=core)
    report = simulate(directory, TARGET)
    result = report.results["target"]
    assert report.equal, report.to_json()
    assert result.layers_compared == result.layers_total
    details = result.details
    assert details["selftest"] == "ok"
    assert details["machine"] == cores()[core].machine
    assert 0 < details["code_bytes"] < details["flash_bytes"] - details["weights_bytes"]
    assert 0 < details["stack_bytes"] < STACK_BYTES < details["ram_bytes"]


def test_linker_scripts_hold_the_boards_memory(tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "c.onnx")
    with_memory = [board for board in boards().values() if board.memory is not None]
    assert len(with_memory) > 10
    for board in with_memory:
        directory = _compile(model, tmp_path / board.name, target=board.name)
        script = (directory / "firmware" / "board.ld").read_text(encoding="utf-8")
        assert board.memory is not None
        assert f"ORIGIN = 0x{board.memory.flash_address:08x}" in script
        assert f"ORIGIN = 0x{board.memory.ram_address:08x}" in script
        kilobytes = board.memory.ram_bytes // 1024
        assert f"LENGTH = {kilobytes}K" in script


def test_linker_script_has_the_memory_that_the_user_gives(tmp_path: Path) -> None:
    directory = _compile(
        write_classifier(tmp_path / "c.onnx"),
        tmp_path / "p",
        target="stm32-bluepill",
        flash_bytes=128 * 1024,
        ram_bytes=16 * 1024,
    )
    script = (directory / "firmware" / "board.ld").read_text(encoding="utf-8")
    assert "FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 128K" in script
    assert "RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K" in script


def test_target_without_start_up_code_gets_the_library(tmp_path: Path) -> None:
    directory = _compile(write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target="esp32-s3")
    assert not (directory / "firmware").exists()
    assert "ESP-IDF" in (directory / "README.md").read_text(encoding="utf-8")
    report = simulate(directory, SimulationRequest(random=1, engines=None))
    assert "nothing stands in for esp32-s3" in (report.results["target"].skipped or "")


def test_changed_bias_is_found_in_its_layer(tmp_path: Path) -> None:
    # A core without kernels of its own, whose constants are packed in other ways.
    project = _compile(
        write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target="riscv-virt", name="net"
    )
    spoil_first_bias(project)
    constants = (project / "src" / "net_weights.c").read_text(encoding="utf-8")
    layer = re.search(r"net_layer_(\d+)_bias", constants)
    assert layer is not None
    assert main(["simulate", str(project), "--random", "2", "--engines", "target"]) == 1
    report = simulate(project, TARGET)
    found = report.results["target"].first_divergence
    assert found is not None
    assert found.layer == open_folder(project).model.nodes[int(layer[1])].name
    assert not report.equal


def test_self_test_compares_with_the_embedded_output(project: Path) -> None:
    source = project / "src" / "net_selftest.c"
    text = source.read_text(encoding="utf-8")
    begin = text.index("{", text.index("net_golden_output")) + 1
    source.write_text(f"{text[:begin]} 1 +{text[begin:]}", encoding="utf-8")
    report = simulate(project, TARGET)
    assert not report.equal
    assert report.failed_selftest == (
        "it ended with status 1; failed with status 5: an output differs from the compiler's"
    )


def test_example_that_fails_alone_is_no_success(project: Path) -> None:
    source = project / "main.c"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("return 0;", "return 3;"), encoding="utf-8")
    report = simulate(project, TARGET)
    assert report.results["target"].bit_exact
    assert not report.equal
    assert report.failed_selftest == "it ended with status 3; " + "; ".join(
        _run(project, "sh", "-c", "make -s run; true").splitlines()[-3:-1]
    )


def _break(project: Path, statement: str, place: str = "net_layer_1") -> None:
    """Put a statement at the start of the first function with this prefix."""
    source = project / "src" / "net.c"
    text = source.read_text(encoding="utf-8")
    begin = text.index("{", text.index(f"void {place}")) + 1
    source.write_text(f"{text[:begin]}{statement}{text[begin:]}", encoding="utf-8")


def _layer_functions(project: Path) -> list[str]:
    text = (project / "src" / "net.c").read_text(encoding="utf-8")
    return re.findall(r"void (net_layer_\d+_\w+)\(", text)


def test_fault_names_the_layer(project: Path) -> None:
    function = _layer_functions(project)[1]
    _break(project, "*(volatile int *)0xf0000000u = 1;", function)
    with pytest.raises(FaultyCodeError, match=r"reported a fault in layer '.*'\nfault 3 at 0x") as (
        caught
    ):
        simulate(project, TARGET)
    assert caught.value.where != "src"
    assert caught.value.exit_status == 1


def test_fault_on_the_target_leaves_the_other_engines(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement = "*(volatile int *)0xf0000000u = 1;"
    guarded = f"\n#ifdef __arm__\n{statement}\n#endif\n"
    _break(project, guarded, _layer_functions(project)[1])
    arguments = ["simulate", str(project), "--engines", "host,target", "--random", "1"]
    assert main([*arguments, "--profile"]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"host +\d+/\d+ .* equal", printed)
    assert re.search(r"target .* FAILED", printed)
    assert "target: the emitted C failed: the processor reported a fault in layer" in printed


def test_stack_overflow_is_a_fault(project: Path) -> None:
    _break(project, "volatile char large[70000]; large[0] = 1; large[69999] = 1;", "net_layer_0")
    with pytest.raises(FaultyCodeError, match="stack overflow: fault"):
        simulate(project, TARGET)


def test_more_stack_than_the_firmware_keeps_is_no_success(tmp_path: Path) -> None:
    # Here the flash lies below the stack and is RAM: nothing faults.
    directory = _compile(
        write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target="riscv-virt", name="net"
    )
    _break(directory, "volatile char large[3000]; large[0] = 1; large[2999] = 1;", "net_layer_0")
    report = simulate(directory, TARGET)
    assert report.results["target"].bit_exact
    assert not report.equal
    assert f"more than the {STACK_BYTES:,} that the linker" in (report.failed_selftest or "")


def test_program_that_does_not_fit_says_by_how_much(project: Path) -> None:
    script = project / "firmware" / "board.ld"
    text = script.read_text(encoding="utf-8")
    script.write_text(re.sub(r"LENGTH = 2048K", "LENGTH = 4K", text), encoding="utf-8")
    with pytest.raises(MemoryFitError, match=r"needs [\d,]+ more bytes of FLASH"):
        simulate(project, TARGET)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("SECTIONS", "SECTIONZ", "syntax error"),
        ("cnnc_stack_top - cnnc_stack_limit >= cnnc_stack_bytes", "0", "stack is not reserved"),
        ("cnnc_data_end", "cnnc_data_and", "cnnc_data_end"),
    ],
)
def test_damaged_linker_script_is_a_fault_of_the_folder(
    project: Path, before: str, after: str, message: str
) -> None:
    script = project / "firmware" / "board.ld"
    text = script.read_text(encoding="utf-8")
    assert before in text
    script.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(FaultyCodeError, match=message) as caught:
        simulate(project, TARGET)
    assert "does not link" in caught.value.problem
    assert caught.value.exit_status == 1
    assert "compile the model again" in caught.value.remedy


def test_source_that_cannot_be_read_is_a_fault_of_the_folder(project: Path) -> None:
    source = project / "src" / "net.c"
    source.unlink()
    source.mkdir()
    with pytest.raises(FaultyCodeError, match=r"does not compile with .*\n.*net\.c") as caught:
        simulate(project, TARGET)
    assert caught.value.exit_status == 1


def test_later_instructions_are_found(tmp_path: Path) -> None:
    directory = _compile(
        write_classifier(tmp_path / "c.onnx"), tmp_path / "p", target="microbit-v1", name="net"
    )
    assert simulate(directory, TARGET).equal
    # cbz r0, to the instruction behind the next one: harmless, where it exists.
    _break(directory, '__asm volatile(".inst.n 0xb100");', _layer_functions(directory)[0])
    with pytest.raises(FaultyCodeError, match=r"1 instructions that cortex-m0 lacks:\n.*cbz"):
        simulate(directory, TARGET)


def test_firmware_runs_to_its_end_without_a_debugger(project: Path, tmp_path: Path) -> None:
    _run(project, "make", "-s", "build/net_emulated.elf")
    elf, counts = project / "build" / "net_emulated.elf", tmp_path / "counts"
    end = function_addresses(elf)["cnnc_exit"]
    counting = plugin_arguments(build_plugin(tmp_path), counts, [end], unaligned=False)
    emulator = [word.replace("enable=on", "enable=off") for word in _emulator()]
    # It ends in a loop; a fault inside a fault would end the emulator.
    command = [emulator[0], *counting, *emulator[1:], str(elf)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=3)
        running.terminate()
        assert running.stderr is not None
        assert b"Lockup" not in running.stderr.read()
    assert [interval.mark for interval in read_counts(counts)] == [0, end]


def _emulator() -> tuple[str, ...]:
    return emulator_command(find_target("nucleo-l4r5zi"))


def test_missing_tools_are_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError) as caught:
        simulate(project, TARGET)
    assert caught.value.exit_status == 3
    assert "apt-get install" in caught.value.remedy


def test_folder_without_its_firmware(project: Path) -> None:
    shutil.rmtree(project / "firmware")
    with pytest.raises(UsageError, match="holds no firmware"):
        simulate(project, TARGET)
