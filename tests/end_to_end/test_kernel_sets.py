"""Programs that choose their kernels when they run: every set gives the reference's bytes."""

import json
import platform
import subprocess
from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.op_cases import case_chunk, check_engine
from tests.support.quant_networks import chain_network
from tests.support.variant_cases import lowered

from cnnc.cli.main import main
from cnnc.codegen.choose import NO_LIMIT, Choice, choose_kernels
from cnnc.codegen.emit import emit
from cnnc.codegen.faster import FasterChoices, choose_faster
from cnnc.codegen.kernel import Lowering
from cnnc.codegen.lower import build_program, lower
from cnnc.deploy.cores import cores
from cnnc.deploy.kernel_sets import KernelSet, kernel_sets
from cnnc.ir.quant_model import QuantModel
from cnnc.memory.plan import plan
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.report.describe import describe_layers
from cnnc.simulator.build import EmittedCode
from cnnc.simulator.host import start_host_sets
from cnnc.simulator.run import SimulationRequest, simulate
from cnnc.simulator.runners import ProgramRunner

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"
LAYER = 3
OTHER_KERNEL = "fully_connected_quads_s8_armv6m"
"""In plain C here: it reads weights in an order of its own, and needs scratch memory."""

SETS = kernel_sets(cores()["host"])


def faster_choices(model: QuantModel, *levels: int) -> FasterChoices:
    """Let the dense layer be computed otherwise from some of the host's sets on."""
    answer = lowered(model, LAYER, OTHER_KERNEL)
    assert isinstance(answer, Lowering)
    return FasterChoices(
        tuple(SETS[level] for level in levels),
        tuple({LAYER: Choice(answer, ())} for _ in levels),
    )


def emitted(model: QuantModel, faster: FasterChoices, directory: Path) -> EmittedCode:
    files = emit(build_program(model, choose_kernels(model), faster=faster))
    for path, content in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return EmittedCode(directory, model, SETS)


def flags_of_this_machine() -> set[str]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    words = [line.partition(":")[2].split() for line in lines if line.startswith("flags")]
    return set(words[0]) if words else set()


@pytest.mark.parametrize("sanitize", [False, True])
def test_every_set_gives_the_bytes_of_the_reference(tmp_path: Path, sanitize: bool) -> None:
    model = chain_network()
    code = emitted(model, faster_choices(model, 0, 1), tmp_path / "emitted")
    engines = start_host_sets(code, tmp_path / "build", sanitize=sanitize)

    has = {"avx2": "avx2", "avx512vnni": "avx512_vnni"}
    expected = [name for name, flag in has.items() if flag in flags_of_this_machine()]
    # Compiled for another machine the sets are plain C, which runs anywhere.
    assert list(engines) == ["", *(expected if platform.machine() == "x86_64" else has)]
    for name, engine in engines.items():
        check_engine(f"set '{name}'", model, engine, case_chunk(model))


def test_arena_has_room_for_the_version_that_needs_most() -> None:
    model = chain_network()
    plain, faster = choose_kernels(model), faster_choices(model, 1)
    (_, version), *_ = faster.versions(LAYER)

    program = build_program(model, plain, faster=faster)

    assert version.lowering.scratch_bytes > plain[LAYER].lowering.scratch_bytes
    lowerings = [c.lowering for c in plain[:LAYER]] + [version.lowering]
    assert program.plan.arena_bytes >= plan(model, lowerings).arena_bytes


def test_memory_is_taken_over_only_where_every_version_may() -> None:
    both, one = (Lowering((), in_place=places) for places in ((0, 1), (1,)))
    faster = FasterChoices(SETS[:1], ({1: Choice(one, ())},))
    common = faster.common_lowerings([Choice(both, ()), Choice(both, ())])
    assert [lowering.in_place for lowering in common] == [(0, 1), (1,)]


def test_sets_that_change_nothing_are_left_out() -> None:
    model = chain_network()
    choices = choose_kernels(model, frozenset({"dsp"}))
    # What a set offers is what the target has already.
    same = KernelSet("more", frozenset({"dsp"}), "x86_64", (), ())

    faster = choose_faster(model, choices, (same,), NO_LIMIT)

    assert faster.kernel_sets == ()
    assert faster.versions(LAYER) == []


def test_constants_that_versions_share_are_stored_once() -> None:
    model = chain_network()
    plain = lower(model)
    both = build_program(model, choose_kernels(model), faster=faster_choices(model, 0, 1))

    # The second version has weights and channels in its own order, the third the same ones.
    dense = [a for a in both.arrays if f"_{LAYER}_" in a.symbol]
    assert [a.symbol for a in dense if "weights" in a.symbol] == [
        f"chain_layer_{LAYER}_weights",
        f"chain_layer_{LAYER}_weights_1",
    ]
    assert len(dense) == len([a for a in plain.arrays if f"_{LAYER}_" in a.symbol]) + 2


@pytest.mark.parametrize("builder", ["make", "cmake"])
def test_project_builds_with_the_flags_of_each_set(tmp_path: Path, builder: str) -> None:
    model = chain_network()
    code = emitted(model, faster_choices(model, 0, 1), tmp_path)
    commands = [["make", "-s", "-C", str(code.directory)]]
    if builder == "cmake":
        build = str(tmp_path / "build")
        commands = [
            ["cmake", "-S", str(code.directory), "-B", build, "-DCMAKE_VERBOSE_MAKEFILE=ON"],
            ["cmake", "--build", build],
        ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    example = next((tmp_path / "build").glob("chain_example"))
    subprocess.run([str(example)], check=True, capture_output=True)
    symbols = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(example)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    has_function = symbols.partition("<chain_has_avx512vnni>:")[2].partition("ret")[0]
    if platform.machine() == "x86_64":
        assert "__cpu_model" in has_function


@pytest.mark.parametrize("builder", ["make", "cmake"])
def test_compiler_that_lacks_a_flag_makes_plain_c_of_the_set(tmp_path: Path, builder: str) -> None:
    model = chain_network()
    code = emitted(model, faster_choices(model, 0, 1), tmp_path)
    compiler = tmp_path / "old-gcc"
    known = tmp_path / "known"
    compiler.write_text(
        f"""#!/bin/sh
case " $* " in
*" -mavx512"*) echo "unrecognized option" >&2; exit 1 ;;
*" -mavx2 "*" -c "*"chain_avx2"*) touch {known} ;;
esac
exec gcc "$@"
""",
        encoding="utf-8",
    )
    compiler.chmod(0o755)
    build = tmp_path / "build"
    commands = [["make", "-s", "-C", str(code.directory), f"CC={compiler}"]]
    if builder == "cmake":
        configure = ["cmake", "-S", str(code.directory), "-B", str(build)]
        commands = [
            [*configure, f"-DCMAKE_C_COMPILER={compiler}"],
            ["cmake", "--build", str(build)],
        ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    subprocess.run([str(build / "chain_example")], check=True, capture_output=True)
    # What the compiler does know is used.
    assert known.exists() == (platform.machine() == "x86_64")


def test_report_names_the_kernels_of_each_set() -> None:
    """Whoever reads the report sees what a better processor runs."""
    model = chain_network()
    program = build_program(model, choose_kernels(model), faster=faster_choices(model, 1))
    layers = describe_layers(model, program, {})
    document = json.loads(json.dumps(layers[LAYER].to_json()))
    assert document["faster_kernels"] == {"avx512vnni": f"cnnc_{OTHER_KERNEL}"}
    assert layers[0].faster_kernels == {}


def test_kernels_that_this_machine_does_not_run_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = CompileOptions(model=EXAMPLE, output=tmp_path / "p", target="host")
    compile_to_folder(options, no_progress, print)

    def has_none(_: ProgramRunner) -> bool:
        return False

    monkeypatch.setattr(ProgramRunner, "has_kernels", has_none)

    report = simulate(tmp_path / "p", SimulationRequest(random=1, engines=("host",)))

    assert report.equal
    for name in ("host avx2", "host avx512vnni"):
        skipped = report.results[name].skipped
        assert skipped is not None
        assert "does not run" in skipped


def test_what_better_processors_have_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    example = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"
    assert main(["compile", str(example), "--target", "rpi", "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert "with neon_dot, which the program looks for when it runs" in told.out + told.err

    assert main(["boards", "rpi"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (row,) = (line for line in lines if "chosen at run time" in line)
    assert row.split()[-1] == "neon_dot"
