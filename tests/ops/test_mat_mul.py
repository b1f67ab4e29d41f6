"""Products of two activations: every engine, batches, broadcasting, layouts, ONNX's spellings."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.onnx_models import model, node
from tests.support.op_cases import (
    PROGRAM,
    OpCase,
    case_chunk,
    check_case,
    check_engine,
    check_onnx,
    check_program,
    check_real_case,
    quantized_case,
)

from cnnc.codegen.lower import lower
from cnnc.errors import CnncError
from cnnc.importer.data import synthetic_samples
from cnnc.ir.types import F32, Shape
from cnnc.ops._real_op import RealOp
from cnnc.ops.mat_mul import MatMul
from cnnc.passes.simplify import simplify
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.quantize import quantize
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes


def _constant(*shape: int) -> F32:
    return np.linspace(-1.0, 0.9, int(np.prod(shape)), dtype=np.float32).reshape(shape)


CASES = [
    OpCase("matrices", MatMul(), ((3, 5), (5, 4))),
    OpCase("first_transposed", MatMul(True, False), ((5, 3), (5, 4))),
    OpCase("second_transposed", MatMul(False, True), ((3, 5), (4, 5))),
    OpCase("both_transposed", MatMul(True, True), ((5, 3), (4, 5))),
    OpCase("row_times_column", MatMul(), ((1, 7), (7, 1))),
    OpCase("column_times_row", MatMul(), ((4, 1), (1, 5))),
    OpCase("batch", MatMul(), ((2, 3, 5), (2, 5, 4))),
    OpCase("heads", MatMul(False, True), ((2, 3, 4, 6), (2, 3, 5, 6))),
    OpCase("heads_transposed", MatMul(True, False), ((1, 2, 6, 4), (1, 2, 6, 5))),
    OpCase("first_repeats", MatMul(), ((3, 5), (2, 5, 4))),
    OpCase("second_repeats", MatMul(), ((2, 2, 3, 5), (5, 4))),
    OpCase("both_repeat", MatMul(), ((2, 1, 3, 5), (1, 3, 5, 4))),
    OpCase("offsets", MatMul(), ((3, 5), (5, 4)), ((0.0, 4.0), (-3.0, 0.0))),
    OpCase("tiny_output", MatMul(), ((3, 5), (5, 4)), (), {}, (-1e-3, 1e-3)),
    OpCase("constant_on_the_left", MatMul(), ((2, 5, 4),), constants={0: _constant(2, 3, 5)}),
    OpCase("constant_on_the_right", MatMul(), ((2, 3, 5),), constants={1: _constant(2, 5, 4)}),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES[:2], ids=str)
def test_single_rounding(op_case: OpCase) -> None:
    check_case(op_case, "single")


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_long_sums_run_on_real_numbers() -> None:
    model = quantized_case(OpCase("long", MatMul(), ((1, 40_000), (40_000, 1))), "double")
    assert [node.op.kind for node in model.nodes] == [
        "dequantize", "dequantize", "mat_mul", "quantize",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "shapes",
    [
        ((3, 5), (5, 4)),
        ((2, 3, 5), (2, 5, 4)),
        ((2, 1, 3, 5), (3, 5, 4)),
        ((5,), (5, 4)),
        ((3, 5), (5,)),
        ((5,), (2, 5, 4)),
        ((2, 3, 5), (5,)),
        ((5,), (5,)),
        ((1, 2, 2, 3, 5), (1, 2, 2, 5, 4)),
    ],
)
def test_reads_matmul(shapes: tuple[Shape, Shape]) -> None:
    check_onnx("MatMul", {}, shapes)


@pytest.mark.parametrize("rank", [3, 4])
def test_reads_batches_of_constants(rank: int) -> None:
    batch = (2, 3)[: rank - 2]
    constants = {1: _constant(*batch, 5, 4)}
    assert "mat_mul" in kinds(check_onnx("MatMul", {}, [(*batch, 3, 5)], constants=constants))
    constants = {0: _constant(*batch, 3, 5)}
    assert "mat_mul" in kinds(check_onnx("MatMul", {}, [(*batch, 5, 4)], constants=constants))


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        (((3, 5), (4, 5)), "cannot be multiplied"),
        (((2, 3, 5), (3, 5, 4)), "do not broadcast together"),
        (((2, 1, 2, 1, 3, 5), (1, 2, 1, 2, 5, 4)), "alternate between repeating"),
        (((5,), (4, 4)), "cannot be multiplied"),
    ],
)
def test_refusals(shapes: tuple[Shape, Shape], reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        MatMul().output_shape([(1, 5) if len(shape) == 1 else shape for shape in shapes])


def _attention() -> onnx.ModelProto:
    """Return softmax(q' k / 2) applied to v, two heads over 12 pixels, as detectors have it."""
    rng = np.random.default_rng(0)
    weights = {
        "w": rng.normal(0, 0.3, (24, 6, 1, 1)).astype(np.float32),
        "heads": np.array([1, 2, 12, 12], np.int64),
        "parts": np.array([4, 4, 4], np.int64),
        "scale": np.array(0.5, np.float32),
        "image": np.array([1, 8, 3, 4], np.int64),
    }
    nodes = [
        node("Conv", "x w", "qkv"),
        node("Reshape", "qkv heads", "rows"),
        node("Split", "rows parts", "q k v", axis=2),
        node("Transpose", "q", "qt", perm=[0, 1, 3, 2]),
        node("MatMul", "qt k", "products"),
        node("Mul", "products scale", "logits"),
        node("Softmax", "logits", "weights", axis=-1),
        node("Transpose", "weights", "wt", perm=[0, 1, 3, 2]),
        node("MatMul", "v wt", "mixed"),
        node("Reshape", "mixed image", "y"),
    ]
    return model(nodes, {"x": [1, 6, 3, 4]}, weights=weights)


def test_attention_imports_and_is_the_same_on_every_engine() -> None:
    proto = _attention()
    imported = import_proto(proto)
    compare_with_onnx_runtime(imported, proto)
    simplified = simplify(imported)
    samples = synthetic_samples(simplified.inputs, 4, seed=0)
    quantized = replace(quantize(simplified, calibrate(simplified, samples)), name=PROGRAM)
    assert not any(isinstance(entry.op, RealOp) for entry in quantized.nodes)
    chunk = case_chunk(quantized)
    check_program("attention", quantized, lower(quantized), chunk)
    for runtime in installed_runtimes():
        check_engine(str(runtime), quantized, TfliteEngine(quantized, runtime), chunk)
