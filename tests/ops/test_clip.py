"""Clip and ReLU: tables equal to TFLite's operators, the emitted C, every spelling in ONNX."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tables import assert_same_as_tflite, quantized, random_formats

from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
from cnnc.errors import ModelError, UnsupportedOpError
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import AnyArray, Quantization, Shape, Tensor
from cnnc.ops.clip import Clip, QuantClip
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.float_reference import run_float

_INFINITY = math.inf

CASES = (
    OpCase("relu", Clip(0.0, _INFINITY), ((1, 5, 5, 3),)),
    OpCase("relu6", Clip(0.0, 6.0), ((77,),), ((-8.0, 9.0),)),
    OpCase("relu6_unreached", Clip(0.0, 6.0), ((77,),), ((-2.0, 3.0),)),
    OpCase("one_element", Clip(0.0, 1.0), ((1, 1),)),
    OpCase("relu_n1_to_1", Clip(-1.0, 1.0), ((77,),), ((-8.0, 9.0),)),
    OpCase("both_bounds", Clip(-1.0, 1.5), ((16, 16),), ((-3.0, 2.0),)),
    OpCase("lower_bound", Clip(-0.5, _INFINITY), ((77,),), ((-3.0, 2.0),)),
    OpCase("upper_bound", Clip(-_INFINITY, 0.5), ((77,),), ((-3.0, 2.0),)),
    OpCase("positive_interval", Clip(0.25, 0.75), ((1, 2, 3, 4),)),
    OpCase("one_point", Clip(0.5, 0.5), ((9,),)),
    OpCase("rank_6", Clip(-0.5, 0.5), ((1, 2, 1, 3, 2, 2),)),
    OpCase("zero_point_lowest", Clip(0.0, _INFINITY), ((77,),), ((0.0, 4.0),)),
    OpCase("zero_point_highest", Clip(-2.0, 0.0), ((77,),), ((-4.0, 0.0),)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_numbers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", [CASES[1], CASES[4]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize(
    "op",
    [
        Clip(0.0, _INFINITY),
        Clip(0.0, 6.0),
        Clip(-1.0, 1.0),
        Clip(0.0, 1.0),
        Clip(-0.3, _INFINITY),
        Clip(-_INFINITY, 0.4),
        Clip(0.1, 0.2),
        Clip(-_INFINITY, _INFINITY),
    ],
    ids=lambda op: f"{op.low:g}_{op.high:g}",
)
def test_tables_are_tflites(op: Clip) -> None:
    sources, targets = random_formats(100, 1e-3, 1.0), random_formats(100, 1e-3, 1.0, seed=1)
    pairs = [*zip(sources, targets, strict=True), *((same, same) for same in sources[:10])]
    assert_same_as_tflite([quantized(op, source, target) for source, target in pairs])


def test_rounding_is_part_of_the_table() -> None:
    source, target = Quantization(0.25, 0), Quantization(1.0, 0)
    single, double = (
        Clip(-20.0, _INFINITY).quantize(
            QuantizeContext("clip", rounding, (source,), ((256,),), target, (256,))
        )
        for rounding in ("single", "double")
    )
    assert isinstance(single, QuantClip)
    assert isinstance(double, QuantClip)
    # q / 4 for q = -2..3; twice rounded, 1/4 passes through 1/2 to 1 and -1/2 goes to -1.
    np.testing.assert_array_equal(single.table[126:132], [0, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(double.table[126:132], [-1, 0, 0, 1, 1, 1])
    assert single.minimum == double.minimum == single.table[0] == -20


def test_bounds_outside_the_format_are_its_ends() -> None:
    context = QuantizeContext(
        "clip", "double", (Quantization(1.0, 0),), ((4,),), Quantization(1.0, 0), (4,)
    )
    op = Clip(-1e30, 1e30).quantize(context)
    assert isinstance(op, QuantClip)
    assert (op.minimum, op.maximum) == (-128, 127)
    np.testing.assert_array_equal(op.table, np.arange(-128, 128))


def test_a_scale_ratio_beyond_int32_saturates() -> None:
    tiny = Quantization(float(np.float32(1e-12)), 0)
    op, *_ = quantized(Clip(-_INFINITY, _INFINITY), Quantization(1.0, 5), tiny)
    assert isinstance(op, QuantClip)
    expected = np.sign(np.arange(-128, 128) - 5) * 200
    np.testing.assert_array_equal(op.table, np.clip(expected, -128, 127))


def test_export_of_bounds_is_quantize_maximum_minimum() -> None:
    def operators(op: Clip) -> bytes:
        value = QuantValue((256,), Quantization(0.5, 0))
        graph = TfliteGraph()
        source, target = graph.activation("x", value), graph.activation("y", value)
        quant_op, *_ = quantized(op, value.quantization, value.quantization)
        quant_op.export_tflite(graph, TfliteOperands((source,), (value,), target, value))
        return graph.file([source], [target])

    both, lower = operators(Clip(-1.0, 2.0)), operators(Clip(-1.0, _INFINITY))
    assert len(both) > len(lower) > len(operators(Clip(0.0, _INFINITY)))


def _float32(value: float) -> AnyArray:
    return np.array(value, dtype=np.float32)


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (2, 7), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("opset", [7, 13, 17])
def test_reads_relu(shape: Shape, opset: int) -> None:
    model = check_onnx("Relu", {}, [shape], opset)
    op = model.nodes[0].op
    assert isinstance(op, Clip)
    assert (op.low, op.high) == (0.0, _INFINITY)


@pytest.mark.parametrize(
    ("attributes", "low", "high"),
    [
        ({"min": 0.0, "max": 6.0}, 0.0, 6.0),
        ({"max": 1.5}, -_INFINITY, 1.5),
        ({"min": -0.5}, -0.5, _INFINITY),
        ({"min": 0.0, "max": float(np.finfo(np.float32).max)}, 0.0, _INFINITY),
    ],
)
@pytest.mark.parametrize("opset", [7, 10])
def test_reads_bounds_from_attributes(
    attributes: Mapping[str, float], low: float, high: float, opset: int
) -> None:
    model = check_onnx("Clip", attributes, [(1, 3, 4, 5)], opset)
    op = model.nodes[0].op
    assert isinstance(op, Clip)
    assert (op.low, op.high) == (low, high)


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [
        ({1: _float32(0.0), 2: _float32(6.0)}, 0.0, 6.0),
        ({1: _float32(-0.5)}, -0.5, _INFINITY),
        ({1: None, 2: _float32(0.5)}, -_INFINITY, 0.5),
        ({1: _float32(0.0), 2: _float32(_INFINITY)}, 0.0, _INFINITY),
    ],
)
@pytest.mark.parametrize("opset", [11, 13, 17])
def test_reads_bounds_from_operands(
    bounds: Mapping[int, AnyArray | None], low: float, high: float, opset: int
) -> None:
    model = check_onnx("Clip", {}, [(1, 3, 4, 5)], opset, bounds)
    op = model.nodes[0].op
    assert isinstance(op, Clip)
    assert (op.low, op.high) == (low, high)


def test_without_bounds_nothing_is_left() -> None:
    assert kinds(check_onnx("Clip", {}, [(2, 3)], 17)) == ["reshape"]


def test_a_minimum_above_the_maximum_gives_the_maximum() -> None:
    op = check_onnx("Clip", {}, [(2, 3)], 17, {1: _float32(2.0), 2: _float32(1.0)}).nodes[0].op
    assert isinstance(op, Clip)
    assert (op.low, op.high) == (1.0, 1.0)


def test_bounds_without_numbers_between_are_refused() -> None:
    with pytest.raises(UnsupportedOpError, match="min inf and max inf are no interval"):
        check_onnx("Clip", {"min": float("inf")}, [(2, 3)], 7)


def test_a_bound_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ModelError, match="initializer 'constant2' holds NaN"):
        check_onnx("Clip", {}, [(2, 3)], 17, {1: _float32(0.0), 2: _float32(math.nan)})


def test_bounds_that_are_computed_are_refused() -> None:
    with pytest.raises(UnsupportedOpError, match=r"min .* must be a constant"):
        check_onnx("Clip", {}, [(2, 3), ()], 17)


def test_bounds_with_several_elements_are_refused() -> None:
    with pytest.raises(UnsupportedOpError, match=r"min has shape \[2\], not one element"):
        check_onnx("Clip", {}, [(2, 3)], 17, {1: np.zeros(2, dtype=np.float32)})


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((-3, 5), [-3, -3, 0, 5, 5]),
        ((None, 5), [-128, -4, 0, 5, 5]),
        ((-3, None), [-3, -3, 0, 6, 127]),
        ((7, 2), [2, 2, 2, 2, 2]),
        ((None, None), [-128, -4, 0, 6, 127]),
    ],
)
def test_reads_integers(bounds: tuple[int | None, ...], expected: list[int]) -> None:
    names = ["" if bound is None else f"bound_{i}" for i, bound in enumerate(bounds)]
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Clip", ["x", *names], ["y"])],
            "clip",
            [helper.make_tensor_value_info("x", TensorProto.INT8, [1, 5])],
            [helper.make_tensor_value_info("y", TensorProto.INT8, [1, 5])],
            [
                numpy_helper.from_array(np.array(bound, np.int8), name)
                for bound, name in zip(bounds, names, strict=True)
                if bound is not None
            ],
        ),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    imported = import_proto(model)
    compare_with_onnx_runtime(imported, model)
    x: Tensor = np.array([[[-128, -4, 0, 6, 127]]], np.int8)
    found = dict(run_float(imported, {"x": x})).get(imported.outputs[0].value, x)
    assert found.tolist() == [[expected]]
