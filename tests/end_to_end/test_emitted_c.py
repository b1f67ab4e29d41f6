"""The emitted C as a user's compiler sees it, and what its functions promise."""

import itertools
import re
import sysconfig
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.emitted import (
    C_FLAGS,
    CPP_FLAGS,
    SANITIZERS,
    build,
    golden_of,
    include_flags,
    int8_bytes,
    run_tool,
    sources,
    write_files,
    write_project,
)
from tests.support.quant_networks import (
    branching_network,
    chain_network,
    random_inputs,
    real_network,
)

from cnnc.codegen.emit import Golden, emit
from cnnc.codegen.lower import lower
from cnnc.codegen.views import WeightsMode
from cnnc.importer.data import from_storage, to_storage
from cnnc.ir.quant_model import QuantModel
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.simulator.reference import run_reference

PROGRAMS = Path(__file__).parent / "programs"
MODES: tuple[WeightsMode, ...] = ("c", "asm", "file")
NETWORKS = {"chain": chain_network, "branching": branching_network, "real": real_network}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++", "clang++"])
@pytest.mark.parametrize("network", NETWORKS)
def test_no_compiler_warns(tmp_path: Path, network: str, compiler: str, mode: WeightsMode) -> None:
    project = write_project(tmp_path, NETWORKS[network](network), mode)
    macros = ["-DCNNC_TRACE", f"-D{network.upper()}_STATIC_ARENA"]
    flags = CPP_FLAGS if compiler.endswith("++") else C_FLAGS
    files = [*sources(project), project / "main.c", *(project / "example").glob("*.c")]
    for file, macro, level in itertools.product(files, macros, ("-O0", "-O3")):
        if file.suffix == ".c":
            command = [compiler, *flags, level, macro, *include_flags([project]), "-c", file]
            run_tool([*command, "-o", tmp_path / "out.o"])


@pytest.mark.parametrize("mode", MODES)
def test_public_header_stands_alone(tmp_path: Path, mode: WeightsMode) -> None:
    project = write_project(tmp_path, chain_network(), mode)
    for flags in (["gcc", *C_FLAGS, "-x", "c"], ["g++", *CPP_FLAGS]):
        run_tool([*flags, "-fsyntax-only", "-DCNNC_TRACE", project / "include" / "chain.h"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("network", [chain_network, real_network])
@pytest.mark.parametrize("name", ["chain", "a", "mobilenet_v2_096"])
def test_emitted_c_is_already_formatted(
    tmp_path: Path, network: Callable[[], QuantModel], name: str, mode: WeightsMode
) -> None:
    project = write_project(tmp_path, replace(network(), name=name), mode)
    style = f"--style=file:{Path(__file__).parents[2] / '.clang-format'}"
    own = [path for path in project.rglob("*.[ch]") if path.parent.name != "cnnc"]
    clang_format = Path(sysconfig.get_path("scripts"), "clang-format")
    run_tool([clang_format, style, "--dry-run", "--Werror", *own])


@pytest.mark.parametrize("mode", ["c", "asm"])
def test_statuses(tmp_path: Path, mode: WeightsMode) -> None:
    project = write_project(tmp_path, chain_network(), mode)
    flags = ["-DCHAIN_STATIC_ARENA", "-DSELFTEST_STATUS=CHAIN_OK"]
    run_tool([build(PROGRAMS / "chain_status.c", [project], tmp_path / "program", flags)])


def test_selftest_finds_a_wrong_byte(tmp_path: Path) -> None:
    model = chain_network()
    golden = golden_of(model)
    wrong = np.invert(golden.outputs[0].astype(np.int8))
    files = emit(lower(model), golden=Golden(golden.inputs, (wrong,)))
    project = write_files(tmp_path, files)
    flags = ["-DCHAIN_STATIC_ARENA", "-DSELFTEST_STATUS=CHAIN_ERROR_SELFTEST"]
    run_tool([build(PROGRAMS / "chain_status.c", [project], tmp_path / "program", flags)])


def test_loading_checks_the_file(tmp_path: Path) -> None:
    project = write_project(tmp_path, chain_network(), "file")
    program = build(PROGRAMS / "chain_load.c", [project], tmp_path / "program", [])
    run_tool([program, project / "src" / "chain_weights.bin"])


@pytest.mark.parametrize("mode", ["c", "asm"])
def test_trace_sees_every_layer_in_order(tmp_path: Path, mode: WeightsMode) -> None:
    model = chain_network()
    project = write_project(tmp_path, model, mode)
    program = build(PROGRAMS / "chain_trace.c", [project], tmp_path / "program", ["-DCNNC_TRACE"])
    inputs = random_inputs(model, seed=1)
    values = run_reference(model, inputs)
    expected = [
        f"{index} {index} {int8_bytes(values[node.output]).hex()}"
        for index, node in enumerate(model.nodes)
    ]
    assert run_tool([program], int8_bytes(inputs["x"])).decode().splitlines() == expected


def test_two_models_of_other_rounding_share_a_program(tmp_path: Path) -> None:
    models = (chain_network(), chain_network("other", "single"))
    projects = [write_project(tmp_path / model.name, model) for model in models]
    program = build(PROGRAMS / "chain_pair.c", projects, tmp_path / "program", [])
    inputs = random_inputs(models[0], samples=400)
    results = [run_reference(model, inputs)["y"] for model in models]
    differing = np.flatnonzero((results[0] != results[1]).any(axis=(1, 2)))
    assert len(differing), "the two roundings must be distinguishable"
    chosen = [0, 1, int(differing[0]), int(differing[0])]
    samples = b"".join(int8_bytes(inputs["x"][sample]) for sample in chosen)
    order = zip((0, 1, 0, 1), chosen, strict=True)
    expected = b"".join(int8_bytes(results[model][sample]) for model, sample in order)
    assert run_tool([program], samples) == expected


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    model = branching_network()
    project = write_project(tmp_path, model)
    program = build(PROGRAMS / "branching_run.c", [project], tmp_path / "program", [])
    inputs = random_inputs(model, seed=5)
    values = run_reference(model, inputs)
    stdin = int8_bytes(inputs["a"]) + int8_bytes(inputs["b"])
    assert run_tool([program], stdin) == int8_bytes(values["square"]) + int8_bytes(values["total"])


def test_conversions_are_those_of_the_simulator(tmp_path: Path) -> None:
    model = chain_network()
    project = write_project(tmp_path, model)
    program = build(PROGRAMS / "chain_convert.c", [project], tmp_path / "program", [])
    port, scale = model.inputs[0], np.float32(model.values["x"].quantization.scale)
    halves = (np.arange(-300, 300, dtype=np.float32) / 2 * scale).astype(np.float32)
    near = np.concatenate([np.nextafter(halves, np.float32(s)) for s in (-np.inf, np.inf)])
    extremes = np.array([0.0, -0.0, 1e30, -1e30, np.inf, -np.inf, 1e-40], np.float32)
    real = np.concatenate([halves, near, extremes])
    real = np.resize(real, (-(-real.size // 24), *port.onnx_shape)).astype(np.float32)
    expected = quantize_real(to_storage(port, real), model.values["x"].quantization)
    output = run_tool([program], real.tobytes())
    assert output[: expected.size] == int8_bytes(expected)
    levels = np.repeat(np.arange(-128, 128), 3).reshape(256, 1, 3)
    back = dequantize(levels, model.values["y"].quantization)
    assert output[expected.size :] == from_storage(model.outputs[0], back).tobytes()


def test_not_a_number_becomes_the_least_value(tmp_path: Path) -> None:
    project = write_project(tmp_path, chain_network())
    program = build(PROGRAMS / "chain_convert.c", [project], tmp_path / "program", [])
    nothing = np.full(24, np.nan, np.float32)
    assert run_tool([program], nothing.tobytes())[:24] == bytes([0x80]) * 24


@pytest.mark.parametrize("mode", MODES)
def test_make_builds_and_runs_the_example(tmp_path: Path, mode: WeightsMode) -> None:
    model = chain_network()
    project = write_project(tmp_path, model, mode)
    text = run_tool(["make", "-s", "-C", project, "run"]).decode()
    quantization = model.values["y"].quantization
    *table, verdict = text.splitlines()[1:]
    assert verdict == "selftest ok"
    lines = [line.split() for line in table]
    assert [int(line[1]) for line in lines] == golden_of(model).outputs[0].reshape(-1).tolist()
    reals = dequantize(golden_of(model).outputs[0], quantization).reshape(-1)
    assert [float(line[2]) for line in lines] == pytest.approx(reals.tolist(), rel=1e-5)


def test_make_builds_again_what_another_choice_built(tmp_path: Path) -> None:
    project = write_project(tmp_path, chain_network())
    make = ["make", "-C", project, "CC=gcc"]
    assert "-O2" in run_tool(make).decode()
    # Nothing is built twice for the same choice.
    assert "-O2" not in run_tool(make).decode()
    again = run_tool([*make, 'CFLAGS=-O1 -DIT="it\'s"']).decode()
    example = list((project / "example").glob("*.c"))
    assert again.count("-O1") == len(sources(project)) + len(example) + 2
    assert "clang" in run_tool([*make, "CC=clang"]).decode()


@pytest.mark.parametrize("compiler", ["gcc", "clang", "g++", "clang++"])
def test_documented_example_compiles_and_runs(tmp_path: Path, compiler: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "emitted_c.md"
    (text,) = re.findall(r"```c\n(.*?)```", page.read_text(), re.DOTALL)
    example = tmp_path / "example.c"
    example.write_text(text)
    project = write_project(tmp_path / "project", replace(chain_network(), name="resnet_s"))
    flags = CPP_FLAGS if compiler.endswith("++") else C_FLAGS
    # Clang's sanitizers are a package of their own.
    sanitizers = () if compiler.startswith("clang") else SANITIZERS
    command = [compiler, *flags, *sanitizers, *include_flags([project])]
    program = tmp_path / "program"
    run_tool([*command, example, *sources(project), "-o", program])
    run_tool([program])


@pytest.mark.parametrize("mode", ["asm", "file"])
def test_big_endian_is_refused_where_constants_are_binary(
    tmp_path: Path, mode: WeightsMode
) -> None:
    project = write_project(tmp_path, chain_network(), mode)
    flags = ["-U__BYTE_ORDER__", "-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__", "-fsyntax-only"]
    command = ["gcc", *include_flags([project]), *flags, project / "src" / "chain.c"]
    with pytest.raises(AssertionError, match=r"chain_weights\.bin is little-endian"):
        run_tool(command)


def test_symbols_are_prefixed_and_nothing_is_mutable(tmp_path: Path) -> None:
    project = write_project(tmp_path, chain_network())
    run_tool(["make", "-s", "-C", project, "build/libchain.a"])
    listing = run_tool(["nm", "-P", project / "build" / "libchain.a"]).decode()
    symbols = [line.split()[:2] for line in listing.splitlines() if len(line.split()) > 1]
    assert symbols
    external = {"memcpy", "memset", "memcmp", "memmove", "_GLOBAL_OFFSET_TABLE_"}
    for name, kind in symbols:
        assert kind not in "BbDdCc", f"{name} is a variable"
        if kind == "U":
            assert name in external or name.startswith("chain_"), name
        elif kind.isupper() or kind == "t":
            assert name.startswith("chain_"), name


@pytest.mark.parametrize("compiler", ["gcc", "clang", "aarch64-linux-gnu-gcc"])
def test_assembler_refuses_weights_of_another_size(tmp_path: Path, compiler: str) -> None:
    project = write_project(tmp_path, chain_network(), "asm")
    source = project / "src" / "chain_weights.S"
    command = [compiler, *include_flags([project]), "-c", source, "-o", tmp_path / "weights.o"]
    run_tool(command)
    blob = project / "src" / "chain_weights.bin"
    blob.write_bytes(blob.read_bytes()[:-1])
    with pytest.raises(AssertionError, match=r"chain_weights\.bin is not \d+ bytes long"):
        run_tool(command)


@pytest.mark.parametrize("mode", MODES)
def test_no_text_of_the_model_is_emitted(mode: WeightsMode) -> None:
    model = _with_hostile_names(chain_network())
    files = emit(lower(model), mode, golden_of(model))
    assert files == emit(lower(chain_network()), mode, golden_of(chain_network()))
    assert not any(re.search(rb"hostile", content) for content in files.values())


def _with_hostile_names(model: QuantModel) -> QuantModel:
    nodes = tuple(
        replace(node, name=f'hostile */ #{index}\n"../', sources=("hostile",))
        for index, node in enumerate(model.nodes)
    )
    inputs = tuple(replace(port, name="hostile\n#error") for port in model.inputs)
    return replace(model, nodes=nodes, inputs=inputs)
