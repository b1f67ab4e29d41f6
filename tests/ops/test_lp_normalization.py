"""Vectors divided by their norm: C to the bit, ONNX's attributes, what is refused."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.op_cases import (
    OpCase,
    case_chunk,
    check_case,
    check_onnx,
    check_real_case,
    quantized_case,
)

from cnnc.codegen.tflite import TfliteGraph, TfliteOperands, export_tflite
from cnnc.errors import CnncError
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import Quantization, Shape
from cnnc.ops._real_op import RealOp
from cnnc.ops.lp_normalization import L2Normalization, LpNormalization, QuantL2Normalization
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.reference import run_reference
from cnnc.simulator.tflite_runtime import TfliteSession, installed_runtimes


def case(name: str, op: LpNormalization, *shape: int) -> OpCase:
    return OpCase(name, op, (shape,), ((-3.0, 3.0),))


CASES = [
    case("channels", LpNormalization(3, 2), 1, 3, 4, 7),
    case("magnitudes", LpNormalization(1, 1), 2, 5),
    case("first_axis", LpNormalization(0, 2), 3, 2, 4),
    case("middle_axis", LpNormalization(1, 1), 2, 5, 3),
    case("one_element", LpNormalization(0, 2), 1),
    case("least", LpNormalization(1, 2, 2.5), 4, 3),
]


INT8_CASES = [
    OpCase("image", L2Normalization(3, 2), ((2, 3, 4, 7),), ((-3.0, 2.0),)),
    OpCase("one_element", L2Normalization(0, 2), ((1,),), ((-3.0, 2.0),)),
    OpCase("rank_5", L2Normalization(4, 2, 1e-12), ((2, 1, 3, 2, 5),), ((0.0, 2.0),)),
    OpCase("long", L2Normalization(1, 2), ((2, 33025),), ((-1.0, 1.0),)),
    OpCase("negative", L2Normalization(1, 2), ((40, 2),), ((-5.0, 0.0),)),
]


@pytest.mark.parametrize("op_case", INT8_CASES, ids=str)
def test_lengths_on_int8(op_case: OpCase) -> None:
    model = check_case(op_case)
    assert [node.op.kind for node in model.nodes] == ["l2_normalization"]


def test_single_rounding() -> None:
    check_case(INT8_CASES[0], "single")


def test_every_square_root_is_tflites() -> None:
    # Every sum of one square, and small sums, which need the largest shifts.
    source = Quantization(0.5, -128)
    shape = (256, 2)
    graph = TfliteGraph()
    value, result = QuantValue(shape, source), QuantValue(shape, Quantization(1 / 128, 0))
    operand, output = graph.activation("x", value), graph.activation("y", result)
    op = QuantL2Normalization(-128)
    op.export_tflite(graph, TfliteOperands((operand,), (value,), output, result))
    data = graph.file([operand], [output])
    first = np.repeat(np.arange(-128, 128), 2).reshape(shape).astype(np.int8)
    for second in (-128, -127, -126, 0, 127):
        x = first.copy()
        x[:, 1] = second
        expected = op.evaluate([x], Arithmetic())
        for runtime in installed_runtimes():
            (found,) = next(iter(TfliteSession(runtime, data).run([x[np.newaxis]])))
            np.testing.assert_array_equal(expected, found)


@pytest.mark.parametrize(
    "op_case",
    [
        OpCase("too_long", L2Normalization(1, 2), ((1, 33026),), ((-1.0, 1.0),)),
        OpCase("least", L2Normalization(1, 2, 0.5), ((4, 3),), ((-1.0, 1.0),)),
    ],
    ids=str,
)
def test_what_has_no_integer_rule_stays_real(op_case: OpCase) -> None:
    model = quantized_case(op_case, "double")
    assert [node.op.kind for node in model.nodes][1] == "l2_normalization"
    assert isinstance(model.nodes[1].op, RealOp)


def test_reads_tflite(tmp_path: Path) -> None:
    model = quantized_case(INT8_CASES[0], "double")
    path = tmp_path / "lengths.tflite"
    path.write_bytes(export_tflite(model).data)
    imported = read_tflite(path)
    assert [node.op.kind for node in imported.nodes] == ["l2_normalization"]
    chunk = case_chunk(model)
    found = run_reference(imported, chunk.inputs)
    np.testing.assert_array_equal(found["output"], chunk.values["output"])


@pytest.mark.parametrize("op_case", [*CASES, *INT8_CASES], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("power", [1, 2])
def test_zeros_stay_zeros(power: int) -> None:
    op = LpNormalization(0, power)
    x = np.zeros((1, 3), np.float32)
    assert op.evaluate([x]).tolist() == op.evaluate_in_order([x]).tolist() == [[0.0, 0.0, 0.0]]


def test_it_stays_real_between_int8_layers() -> None:
    ops = [node.op for node in quantized_case(CASES[0], "double").nodes]
    (real,) = [op for op in ops if isinstance(op, RealOp)]
    assert real.reason == "norms are computed on real numbers"


@pytest.mark.parametrize("axis", [-1, 0, 1, 2, 3])
@pytest.mark.parametrize("opset", [7, 22])
def test_lengths(axis: int, opset: int) -> None:
    check_onnx("LpNormalization", {"axis": axis}, [(2, 3, 4, 5)], opset=opset)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 4)])
def test_magnitudes(shape: Shape) -> None:
    check_onnx("LpNormalization", {"p": 1, "axis": 0}, [shape])


def test_refusals() -> None:
    with pytest.raises(CnncError, match="p 3 is neither 1 nor 2"):
        check_onnx("LpNormalization", {"p": 3}, [(2, 3)])
    with pytest.raises(CnncError, match="axis 2 does not exist"):
        check_onnx("LpNormalization", {"axis": 2}, [(2, 3)])
    with pytest.raises(CnncError, match="a norm along axis 1"):
        LpNormalization(1, 2).output_shape([(3,)])


def test_int8_layers_around_it() -> None:
    check_case(CASES[0])
