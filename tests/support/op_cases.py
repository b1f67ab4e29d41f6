"""Check an op on every engine: the reference, the emitted C under sanitizers, TFLite's kernels."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from tests.support.emitted import C_FLAGS
from tests.support.onnx_cases import check_onnx

from cnnc.codegen.emit import emit
from cnnc.codegen.lower import lower
from cnnc.codegen.program import CProgram
from cnnc.codegen.tflite import NotCompared
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, INT8_MAX, INT8_MIN, ElementType, Rounding, Shape, Tensor
from cnnc.quantize.float_reference import run_float
from cnnc.quantize.keep_real import keep_real
from cnnc.quantize.quantize import quantize
from cnnc.quantize.ranges import ValueRange, ValueRanges
from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import ComparedEngine, Comparison
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.reference import run_reference
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes
from cnnc.simulator.tflite_single import SingleRoundingEngine
from cnnc.simulator.toolsets import sanitizing_toolset

__all__ = [
    "PROGRAM",
    "OpCase",
    "case_chunk",
    "check_case",
    "check_cases",
    "check_engine",
    "check_onnx",
    "check_program",
    "check_real_case",
    "check_real_values",
    "float_model",
    "quantized_case",
    "tflite_refusals",
]

PROGRAM = "op_case"
"""Name of the networks that are emitted; that of their files."""

_RANDOM_SAMPLES = 5


@dataclass(frozen=True)
class OpCase:
    """One op with shapes and ranges.

    Attributes:
        name: For the test's id.
        op: The float op.
        input_shapes: Storage shape of each operand that is not a constant, in order.
        input_ranges: Real range of each of them; the default is (-1, 1).
        constants: Operand index -> constant operand; the others take the remaining indices.
        output_range: Real range of the result; the default is what random inputs give.
        not_expressible: TFLite has no exact form of any layer, so that it judges nothing.
        input_types: Element type of each operand that is not a constant; the default is float32.
    """

    name: str
    op: FloatOp
    input_shapes: tuple[Shape, ...]
    input_ranges: tuple[tuple[float, float], ...] = ()
    constants: Mapping[int, F32] = field(default_factory=dict)
    output_range: tuple[float, float] | None = None
    not_expressible: bool = False
    input_types: tuple[ElementType, ...] = ()

    def __str__(self) -> str:
        return self.name


def check_case(case: OpCase, rounding: Rounding = "double") -> QuantModel:
    """Assert that reference, emitted C and TFLite give the same bytes.

    Args:
        case: What to check.
        rounding: With ``single``, ai-edge-litert's default kernels judge the ops that they can.

    Returns:
        The quantized one-node model.
    """
    check_cases([case], rounding)
    return quantized_case(case, rounding)


def check_cases(cases: Sequence[OpCase], rounding: Rounding = "double") -> None:
    """Assert the same for several cases."""
    for case in cases:
        model = quantized_case(case, rounding)
        chunk = case_chunk(model)
        _check_host(case, model, chunk)
        _check_tflite(case, model, chunk)


def check_real_case(case: OpCase) -> None:
    """Assert that the op's C on real numbers gives the bits of ``evaluate_in_order``.

    Operands are drawn from the case's ranges.
    """
    model = keep_real(float_model(case))
    generator = np.random.default_rng(0)
    given = case.input_ranges or ((-1.0, 1.0),) * len(model.inputs)
    inputs = {
        port.value: generator.uniform(low, high, (_RANDOM_SAMPLES, *port.storage_shape)).astype(
            model.values[port.value].element_type.numpy
        )
        for port, (low, high) in zip(model.inputs, given, strict=True)
    }
    _check_real(case, model, inputs)


def check_real_values(case: OpCase, operand: Tensor) -> None:
    """Assert the same for given values of the only operand, (samples, *shape)."""
    model = keep_real(float_model(case))
    _check_real(case, model, {model.inputs[0].value: operand})


def _check_real(case: OpCase, model: QuantModel, inputs: dict[str, Tensor]) -> None:
    chunk = Chunk(first=0, real={}, inputs=inputs, values=run_reference(model, inputs))
    check_program(f"{case.name}: real", model, lower(model), chunk)


def tflite_refusals(case: OpCase) -> tuple[NotCompared, ...]:
    """Return the layers of a case that TFLite cannot express."""
    model = quantized_case(case, "double")
    return TfliteEngine(model, installed_runtimes()[0]).not_compared


def float_model(case: OpCase) -> FloatModel:
    """Return a model whose only node is the case's op; values ``input_0``... and ``output``."""
    count = len(case.input_shapes) + len(case.constants)
    names = [f"constant_{i}" if i in case.constants else f"input_{i}" for i in range(count)]
    activations = [name for name in names if name.startswith("input")]
    shapes = dict(zip(activations, case.input_shapes, strict=True))
    ports = tuple(_port(name, shape) for name, shape in shapes.items())
    constants = {f"constant_{i}": array for i, array in case.constants.items()}
    shapes |= {name: array.shape for name, array in constants.items()}
    output = case.op.output_shape([shapes[name] for name in names])
    given = case.input_types or (ElementType.FLOAT32,) * len(activations)
    types = dict(zip(activations, given, strict=True))
    operands = [types.get(name, ElementType.FLOAT32) for name in names]
    types["output"] = case.op.output_type(operands)
    return FloatModel(
        name=PROGRAM,
        inputs=ports,
        outputs=(_port("output", output),),
        nodes=(FloatNode("node", case.op, tuple(names), "output"),),
        constants=constants,
        shapes={**shapes, "output": output},
        types={k: kind for k, kind in types.items() if kind is not ElementType.FLOAT32},
    )


def quantized_case(case: OpCase, rounding: Rounding) -> QuantModel:
    """Return the case's one-node model, quantized by its ranges."""
    model = float_model(case)
    given = case.input_ranges or ((-1.0, 1.0),) * len(model.inputs)
    ranges = {port.value: _range(*bounds) for port, bounds in zip(model.inputs, given, strict=True)}
    ranges |= {
        name: _range(float(array.min()), float(array.max()))
        for name, array in model.constants.items()
    }
    ranges["output"] = _range(*(case.output_range or _observed_range(model, given)))
    return quantize(model, ValueRanges(ranges, samples=1, method="minmax"), rounding)


def case_chunk(model: QuantModel, seed: int = 0) -> Chunk:
    """Return random samples and three constant ones (smallest, largest, zero point).

    Integers that are not quantized are indices: 0 or 1.
    """
    generator = np.random.default_rng(seed)
    inputs: dict[str, Tensor] = {}
    for port in model.inputs:
        value = model.values[port.value]
        if not value.is_quantized:
            count = _RANDOM_SAMPLES + 3
            drawn = generator.integers(0, 2, (count, *value.shape))
            inputs[port.value] = drawn.astype(value.element_type.numpy)
            continue
        levels = (INT8_MIN, INT8_MAX, value.quantization.zero_point)
        random = generator.integers(-128, 128, (_RANDOM_SAMPLES, *value.shape), dtype=np.int8)
        extreme = [np.full((1, *value.shape), level, dtype=np.int8) for level in levels]
        inputs[port.value] = np.concatenate([random, *extreme])
    return Chunk(first=0, real={}, inputs=inputs, values=run_reference(model, inputs))


def check_engine(
    name: str, model: QuantModel, engine: ComparedEngine, chunk: Chunk, *, judges: bool = True
) -> None:
    """Assert that an engine gives the reference's bytes for every layer that it can show.

    Args:
        name: For messages.
        model: The network.
        engine: Who is compared.
        chunk: The samples.
        judges: Whether the engine can show any layer.
    """
    comparison = Comparison(model, engine)
    comparison.add(chunk)
    result = comparison.result({})
    assert result.mismatched_values == 0, f"{name}: {result.to_json()}"
    assert bool(result.compared_values) == judges, f"{name}: {result.to_json()}"
    missing = len(model.nodes) - result.layers_compared - len(result.not_compared)
    assert missing == 0, f"{name}: {missing} layers are not accounted for"
    if not result.not_compared:
        assert result.bit_exact, f"{name}: {result.to_json()}"


def _check_host(case: OpCase, model: QuantModel, chunk: Chunk) -> None:
    check_program(f"{case.name}: host", model, lower(model), chunk)


def check_program(name: str, model: QuantModel, program: CProgram, chunk: Chunk) -> None:
    """Assert that a program gives the reference's bytes on this machine, under sanitizers.

    Args:
        name: For messages.
        model: The network.
        program: How it is computed.
        chunk: The samples.
    """
    with tempfile.TemporaryDirectory(prefix="cnnc-case-") as folder:
        directory = Path(folder, "emitted")
        write_emitted(directory, emit(program))
        code = EmittedCode(directory, model)
        toolset = sanitizing_toolset()
        toolset = replace(toolset, compile_flags=(*toolset.compile_flags, *C_FLAGS))
        build = build_program(code, toolset, Path(folder, "build"), traced=True)
        runner = ProgramRunner(build.path)
        check_engine(name, model, CompiledEngine(model, runner, runner), chunk)


def write_emitted(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write emitted files; the constants go into the model's file, which compiles faster."""
    merged = dict(files)
    constants = merged.pop(f"src/{PROGRAM}_weights.c")
    merged[f"src/{PROGRAM}.c"] += constants
    for path, content in merged.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _check_tflite(case: OpCase, model: QuantModel, chunk: Chunk) -> None:
    for runtime in installed_runtimes():
        judges = not case.not_expressible
        if model.rounding == "double":
            engine = TfliteEngine(model, runtime)
            check_engine(f"{case.name}: {runtime}", model, engine, chunk, judges=judges)
        elif runtime.name == "ai-edge-litert":
            judge = SingleRoundingEngine(model, runtime)
            judges = judges and any(node.op.judged_in_single_rounding for node in model.nodes)
            check_engine(f"{case.name}: {judge.runtime}", model, judge, chunk, judges=judges)


def _port(value: str, shape: Shape) -> Port:
    return Port(value, value, shape, tuple(range(len(shape))))


def _range(low: float, high: float) -> ValueRange:
    return ValueRange(min(low, 0.0), max(high, 0.0))


def _observed_range(
    model: FloatModel, ranges: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    generator = np.random.default_rng(1)
    inputs = {
        port.value: generator.uniform(low, high, (4, *port.onnx_shape)).astype(
            model.element_type(port.value).numpy
        )
        for port, (low, high) in zip(model.inputs, ranges, strict=True)
    }
    result = dict(run_float(model, inputs))["output"]
    return float(result.min()), float(result.max())
