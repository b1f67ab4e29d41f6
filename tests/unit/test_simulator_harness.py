"""The C around an emitted model: what it records, and what it refuses."""

import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.emitted import C_FLAGS, write_project
from tests.support.quant_networks import branching_network, chain_network, random_inputs

from cnnc.codegen.views import WeightsMode
from cnnc.ir.quant_model import QuantModel
from cnnc.resources import tree
from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError
from cnnc.simulator.records import RecordLayout
from cnnc.simulator.reference import run_reference
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.toolsets import Toolset, fast_host_toolset, host_toolset, sanitizing_toolset

NETWORKS = {"chain": chain_network, "branching": branching_network}


@dataclass(frozen=True)
class Project:
    """An emitted network and where it may be built."""

    model: QuantModel
    code: EmittedCode
    build: Path


def _project(folder: Path, model: QuantModel, weights: WeightsMode = "c") -> Project:
    directory = write_project(folder / "emitted", model, weights)
    return Project(model, EmittedCode(directory, model), folder / "build")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = _project(tmp_path_factory.mktemp("program"), chain_network())
    return build_program(project.code, sanitizing_toolset(), project.build, traced=True).path


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("tools", [host_toolset, fast_host_toolset, sanitizing_toolset])
@pytest.mark.parametrize("samples", [1, 5])
def test_records_hold_what_the_reference_computes(
    tmp_path: Path, network: str, tools: Callable[[], Toolset], samples: int
) -> None:
    project = _project(tmp_path, NETWORKS[network]())
    model = project.model
    runner = ProgramRunner(build_program(project.code, tools(), project.build, traced=True).path)
    inputs = random_inputs(model, samples)
    expected = run_reference(model, inputs)
    layers = tuple(range(len(model.nodes)))
    records = runner.run(RecordLayout(model, traced=True, dump=layers), inputs)
    for layer, node in enumerate(model.nodes):
        values = np.ascontiguousarray(expected[node.output])
        assert np.array_equal(records.dumps[layer], values), node.name
        checksums = [zlib.crc32(sample.tobytes()) for sample in values]
        assert records.checksums[:, layer].tolist() == checksums, node.name
        assert set(records.sizes[:, layer]) == {values[0].size}
    for port, found in zip(model.outputs, records.outputs, strict=True):
        assert np.array_equal(found, expected[port.value])


@pytest.mark.parametrize("weights", ["asm", "file"])
def test_constants_outside_the_c_are_found(tmp_path: Path, weights: WeightsMode) -> None:
    project = _project(tmp_path, chain_network(), weights)
    build = build_program(project.code, host_toolset(), project.build, traced=False)
    inputs = random_inputs(project.model, 3)
    layout = RecordLayout(project.model, traced=False)
    found = ProgramRunner(build.path).run(layout, inputs).outputs[0]
    assert np.array_equal(found, run_reference(project.model, inputs)["y"])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("traced", [True, False])
def test_harness_compiles_without_a_warning(tmp_path: Path, compiler: str, traced: bool) -> None:
    project = _project(tmp_path, chain_network())
    macros = {
        "HEADER": '"chain.h"',
        "CONTEXT": "struct chain_context",
        "INIT": "chain_init",
        "RUN": "chain_run",
        "ARENA_BYTES": "CHAIN_ARENA_BYTES",
        "LAYER_COUNT": "CHAIN_LAYER_COUNT",
        "INPUTS": "PORT(chain_input, 24)",
        "OUTPUTS": "PORT(chain_output, 3)",
    }
    flags = [f"-DCNNC_HARNESS_{name}={text}" for name, text in macros.items()]
    flags += ["-DCNNC_TRACE"] if traced else []
    for source in (
        "cnnc_harness.c",
        "cnnc_harness_main.c",
        "cnnc_harness_model.c",
        "cnnc_harness_serve.c",
    ):
        text = (tree("runtime") / "harness" / source).read_text(encoding="utf-8")
        (tmp_path / source).write_text(text, encoding="utf-8")
    header = (tree("runtime") / "harness" / "cnnc_harness.h").read_text(encoding="utf-8")
    (tmp_path / "cnnc_harness.h").write_text(header, encoding="utf-8")
    includes = [f"-I{project.code.directory}/include", f"-I{tmp_path}"]
    for file in tmp_path.glob("*.c"):
        command = [compiler, *C_FLAGS, "-O2", *includes, *flags, "-c", str(file)]
        done = subprocess.run(
            [*command, "-o", "/dev/null"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        (0, 1, 1),  # magic
        (1, -1, 1),  # samples
        (2, 3, 1),  # layers
        (3, 25, 1),  # input bytes
        (4, 2, 1),  # output bytes
        (5, -4, 1),  # dump bytes
        (1, 3, 4),  # more samples than the file holds
        (5, 2, 3),  # a dump that is too small for its layer
    ],
)
def test_bad_request_is_refused(
    tmp_path: Path, program: Path, field: int, value: int, status: int
) -> None:
    layout = RecordLayout(chain_network(), traced=True, dump=(0,))
    request = layout.request(2)
    request[field] = value
    (tmp_path / "request").write_bytes(request.tobytes() + bytes(48))
    files = [str(tmp_path / "request"), str(tmp_path / "records")]
    done = subprocess.run([str(program), *files], capture_output=True, check=False)
    assert done.returncode == status, done.stderr


@pytest.mark.parametrize("length", [0, 8, 30])
def test_truncated_request_is_refused(tmp_path: Path, program: Path, length: int) -> None:
    request = RecordLayout(chain_network(), traced=True).request(1).tobytes()
    (tmp_path / "request").write_bytes(request[:length])
    files = [str(tmp_path / "request"), str(tmp_path / "records")]
    done = subprocess.run([str(program), *files], capture_output=True, check=False)
    assert done.returncode == 4


def test_program_without_arguments_is_refused(program: Path) -> None:
    assert subprocess.run([str(program)], check=False).returncode == 1


def test_status_of_a_failed_program_is_explained(program: Path) -> None:
    other = branching_network()
    with pytest.raises(FaultyCodeError, match="the request does not fit the model"):
        ProgramRunner(program).run(RecordLayout(other, traced=True), random_inputs(other))


def test_c_that_does_not_compile_is_no_missing_tool(tmp_path: Path) -> None:
    project = _project(tmp_path, chain_network())
    source = project.code.directory / "src" / "chain.c"
    source.write_text(source.read_text(encoding="utf-8") + "int;;error", encoding="utf-8")
    with pytest.raises(FaultyCodeError, match=r"does not compile.*\n.*chain\.c:\d+:\d+: error") as (
        caught
    ):
        build_program(project.code, host_toolset(), project.build, traced=False)
    assert caught.value.exit_status == 1


def test_c_that_does_not_link_is_no_missing_tool(tmp_path: Path) -> None:
    project = _project(tmp_path, chain_network())
    source = project.code.directory / "src" / "chain.c"
    text = source.read_text(encoding="utf-8").replace("chain_run(", "chain_ran(")
    source.write_text(f"enum chain_status chain_ran();\n{text}", encoding="utf-8")
    with pytest.raises(FaultyCodeError, match="undefined reference to `chain_run'"):
        build_program(project.code, host_toolset(), project.build, traced=False)


def test_compiler_that_refuses_its_flags_is_no_fault_of_the_c(tmp_path: Path) -> None:
    project = _project(tmp_path, chain_network())
    toolset = host_toolset()
    strange = replace(toolset, compile_flags=(*toolset.compile_flags, "-march=nothing"))
    with pytest.raises(EngineFailedError, match="-march") as caught:
        build_program(project.code, strange, project.build, traced=False)
    assert caught.value.exit_status == 3


def test_missing_system_header_is_no_fault_of_the_c(tmp_path: Path) -> None:
    project = _project(tmp_path, chain_network())
    toolset = host_toolset()
    bare = replace(toolset, compile_flags=(*toolset.compile_flags, "-nostdinc"))
    with pytest.raises(EngineFailedError, match=r"std\w+\.h"):
        build_program(project.code, bare, project.build, traced=False)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("raise(SIGSEGV);", "crashed: Segmentation fault"),
        ("exit(0);", "before all samples were recorded"),
        ("exit(77);", "ended with status 77"),
        ("for (;;) {}", "does not end; stopped after 1 s"),
    ],
)
def test_c_that_ends_otherwise_is_an_error(tmp_path: Path, statement: str, message: str) -> None:
    runner = _broken_program(tmp_path, statement, host_toolset())
    model = chain_network()
    with pytest.raises(FaultyCodeError, match=message) as caught:
        runner.run(RecordLayout(model, traced=False), random_inputs(model, 3))
    assert caught.value.exit_status == 1


def test_finding_of_a_sanitizer_is_shown(tmp_path: Path) -> None:
    statement = "volatile char *freed = malloc(4); free((void *)freed); freed[1] = 1;"
    runner = _broken_program(tmp_path, statement, sanitizing_toolset())
    model = chain_network()
    with pytest.raises(FaultyCodeError, match=r"AddressSanitizer: heap-use-after-free") as caught:
        runner.run(RecordLayout(model, traced=False), random_inputs(model, 3))
    assert len(caught.value.problem.splitlines()) <= 9


@pytest.mark.parametrize("name", ["null", "NULL", "int8_max", "eof"])
def test_name_that_is_a_macro_of_the_c_library(tmp_path: Path, name: str) -> None:
    project = _project(tmp_path, replace(chain_network(), name=name))
    build = build_program(project.code, host_toolset(), project.build, traced=True)
    inputs = random_inputs(project.model, 2)
    found = ProgramRunner(build.path).run(RecordLayout(project.model, traced=True), inputs)
    assert np.array_equal(found.outputs[0], run_reference(project.model, inputs)["y"])


@pytest.mark.parametrize(("status", "answer"), [("0", True), ("6", False)])
def test_program_says_whether_it_has_kernels(tmp_path: Path, status: str, answer: bool) -> None:
    assert _script(tmp_path, f"exit {status}").has_kernels() == answer


@pytest.mark.parametrize(
    ("statement", "words"), [("kill -SEGV $$", "crashed"), ("exit 9", "status 9")]
)
def test_a_crash_is_no_answer_to_whether_it_has_kernels(
    tmp_path: Path, statement: str, words: str
) -> None:
    with pytest.raises(FaultyCodeError, match=words):
        _script(tmp_path, statement).has_kernels()


def _script(folder: Path, statement: str) -> ProgramRunner:
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{statement}\n", encoding="utf-8")
    program.chmod(0o755)
    return ProgramRunner(program, grace_seconds=10.0, kernel_set=1)


def _broken_program(folder: Path, statement: str, toolset: Toolset) -> ProgramRunner:
    """Build the chain with a statement at the start of every inference."""
    project = _project(folder, chain_network())
    source = project.code.directory / "src" / "chain.c"
    text = source.read_text(encoding="utf-8")
    begin = text.index("{", text.index("chain_run(")) + 1
    headers = "".join(f"#include <{name}.h>\n" for name in ("signal", "stdlib"))
    source.write_text(f"{headers}{text[:begin]}{statement}{text[begin:]}", encoding="utf-8")
    build = build_program(project.code, toolset, project.build, traced=False)
    return ProgramRunner(build.path, grace_seconds=1.0)
