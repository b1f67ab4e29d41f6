"""Normalizations by the data's own statistics: C to the bit, ONNX's spellings, what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, quantized_case

from cnnc.errors import CnncError
from cnnc.ir.types import F32, AnyArray, Shape
from cnnc.ops._real_op import RealOp
from cnnc.ops.normalization import InverseDeviation, Normalization
from cnnc.ops.normalization.geometry import kernel_fields, normalized_groups

EPSILON = float(np.float32(1e-5))


def _random(*shape: int) -> F32:
    return np.random.default_rng(len(shape)).uniform(0.5, 2.0, shape).astype(np.float32)


def case(name: str, axes: tuple[int, ...], scale: Shape, *shape: int) -> OpCase:
    op = Normalization(axes, _random(*scale), -_random(*scale), EPSILON)
    return OpCase(name, op, (shape,), ((-3.0, 5.0),))


def changed(op_case: OpCase, **options: float) -> OpCase:
    return replace(op_case, op=replace(op_case.op, **options))


CASES = [
    case("instance", (1, 2), (1, 1, 1, 5), 2, 4, 3, 5),
    case("instance_of_a_line", (1,), (1, 1, 3), 1, 300, 3),
    case("layer", (2,), (1, 1, 7), 2, 3, 7),
    case("layer_of_one_block", (1,), (1, 256), 2, 256),
    case("layer_of_blocks_and_a_rest", (1,), (1, 700), 1, 700),
    case("everything", (0, 1, 2), (3, 4, 5), 3, 4, 5),
    case("group_per_group", (1, 3), (1, 1, 2, 1), 2, 6, 2, 3),
    case("group_per_channel", (1, 3), (1, 1, 2, 3), 1, 6, 2, 3),
    case("middle_axis", (2,), (1, 1, 4, 1), 2, 3, 4, 5),
    case("without_scale", (1, 2), (1, 1, 1, 1), 1, 4, 4, 3),
    case("one_element", (1,), (1, 1), 2, 1),
    case("apart", (0, 2, 4), (2, 1, 3, 1, 2), 2, 3, 3, 2, 2),
    changed(case("root_mean_square", (2,), (1, 1, 9), 2, 2, 9), is_centered=False),
    changed(
        case("deviation", (0, 1), (1, 1, 1), 3, 5, 2), variance_epsilon=0.0, deviation_epsilon=0.25
    ),
]
DEVIATIONS = [
    OpCase("deviations", InverseDeviation((1, 2), EPSILON), ((2, 3, 4, 5),)),
    OpCase("deviations_apart", InverseDeviation((0, 2), EPSILON), ((3, 2, 4),)),
]


@pytest.mark.parametrize("op_case", [*CASES, *DEVIATIONS], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("op_case", [CASES[0], CASES[7]], ids=str)
def test_it_stays_real_between_int8_layers(op_case: OpCase) -> None:
    model = quantized_case(op_case, "double")
    (real,) = [node.op for node in model.nodes if isinstance(node.op, RealOp)]
    assert real.reason == "mean and variance of the data are computed on real numbers"


def test_order_of_the_c_is_near_double() -> None:
    op = case("many", (1,), (1, 1), 1, 100_000).op
    x = np.random.default_rng(0).normal(100.0, 1.0, (1, 1, 100_000)).astype(np.float32)
    np.testing.assert_allclose(op.evaluate_in_order([x]), op.evaluate([x]), atol=1e-3)


def test_neighbours_are_merged() -> None:
    groups = normalized_groups((2, 3, 4, 5), (1, 2), (1, 1, 1, 5))
    found = [(g.extent, g.stride, g.scale_stride, g.reduced) for g in groups]
    assert found == [(2, 60, 0, False), (12, 5, 0, True), (5, 1, 1, False)]
    assert kernel_fields(groups)["reduced_extent_3"] == 12


def _affine(*shape: int) -> dict[int, AnyArray | None]:
    generator = np.random.default_rng(3)
    return {
        1: generator.normal(1.0, 0.5, shape).astype(np.float32),
        2: generator.normal(0.0, 1.0, shape).astype(np.float32),
    }


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 3, 7), (1, 3, 2, 3, 4), (2, 1, 5, 5)])
@pytest.mark.parametrize("opset", [7, 17, 22])
def test_instance_normalization(shape: Shape, opset: int) -> None:
    attributes = {"epsilon": 0.01}
    check_onnx("InstanceNormalization", attributes, [shape], opset, _affine(shape[1]))


@pytest.mark.parametrize("axis", [-1, 1, 2, 3, 0, -3])
def test_layer_normalization(axis: int) -> None:
    shape = (2, 3, 4, 5)
    check_onnx("LayerNormalization", {"axis": axis}, [shape], 17, _affine(*shape[axis:]))


@pytest.mark.parametrize(
    ("scale", "bias"), [((5,), None), ((1,), (5,)), ((3, 4, 5), (1, 1, 5)), ((4, 1), (4, 5))]
)
def test_layer_normalization_broadcasts(scale: Shape, bias: Shape | None) -> None:
    constants = {1: _random(*scale)} | ({} if bias is None else {2: _random(*bias)})
    check_onnx("LayerNormalization", {"axis": 1}, [(2, 3, 4, 5)], 17, constants)


def _layer_normalization(*results: str) -> onnx.ModelProto:
    node = helper.make_node("LayerNormalization", ["x", "scale"], list(results), axis=2)
    operand = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 4, 5])
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in results if n]
    scale = numpy_helper.from_array(_random(4, 5), "scale")
    graph = helper.make_graph([node], "layer", [operand], outputs, [scale])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    "results", [("y", "mean", "deviation"), ("y", "", "deviation"), ("y", "mean")]
)
def test_mean_and_deviation_as_results(results: tuple[str, ...]) -> None:
    proto = _layer_normalization(*results)
    model = import_proto(proto)
    assert len(model.outputs) == len([name for name in results if name])
    compare_with_onnx_runtime(model, proto)


@pytest.mark.parametrize(("opset", "size"), [(18, 2), (21, 6), (22, 6)])
@pytest.mark.parametrize("image", [(4, 5), (7,), (), (2, 3, 2)])
def test_group_normalization(opset: int, size: int, image: Shape) -> None:
    attributes = {"num_groups": 2, "epsilon": 0.02}
    check_onnx("GroupNormalization", attributes, [(2, 6, *image)], opset, _affine(size))


@pytest.mark.parametrize("axes", [None, [0, 2, 3], [2, 3], [1], [0, 1, 2, 3], [-1]])
@pytest.mark.parametrize("opset", [9, 13])
def test_mean_variance_normalization(axes: list[int] | None, opset: int) -> None:
    attributes = {} if axes is None else {"axes": axes}
    check_onnx("MeanVarianceNormalization", attributes, [(2, 3, 4, 5)], opset)


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_rms_normalization(axis: int) -> None:
    shape = (2, 3, 4, 5)
    constants: dict[int, AnyArray | None] = {1: _random(*shape[axis:])}
    check_onnx("RMSNormalization", {"axis": axis}, [shape], 23, constants)


@pytest.mark.parametrize(
    ("op_type", "attributes", "shapes", "opset"),
    [
        ("InstanceNormalization", {}, [(1, 3, 4, 5), (3,), (3,)], 17),
        ("LayerNormalization", {"axis": 2}, [(1, 3, 4, 5), (4, 5), (5,)], 17),
        ("GroupNormalization", {"num_groups": 3}, [(1, 6, 4, 5), (6,), (6,)], 21),
    ],
)
def test_scale_and_bias_that_are_computed(
    op_type: str, attributes: Mapping[str, Any], shapes: list[Shape], opset: int
) -> None:
    model = check_onnx(op_type, attributes, shapes, opset)
    assert [kind for kind in kinds(model) if kind in ("normalization", "mul", "add")] == [
        "normalization",
        "mul",
        "add",
    ]


@pytest.mark.parametrize(
    ("op_type", "attributes", "shape", "opset", "size", "reason"),
    [
        ("InstanceNormalization", {}, (2, 3), 17, (3,), "rank 2 has no image axes"),
        ("InstanceNormalization", {}, (2, 3, 4), 17, (4,), r"scale has shape \[4\], not \[3\]"),
        ("LayerNormalization", {"axis": 3}, (2, 3, 4), 17, (4,), "axis 3 does not exist"),
        ("LayerNormalization", {"stash_type": 10}, (2, 4), 17, (4,), "stash_type is not 1"),
        ("LayerNormalization", {"axis": 1}, (2, 3, 4), 17, (3, 3), "does not broadcast"),
        ("LayerNormalization", {"axis": 2}, (2, 3, 4), 17, (3, 4), "does not broadcast"),
        ("GroupNormalization", {"num_groups": 4}, (1, 6, 4), 21, (6,), "4 groups do not divide 6"),
        ("GroupNormalization", {"num_groups": 3}, (1, 6, 4), 18, (6,), r"not \[3\]"),
    ],
)
def test_refusals(
    op_type: str,
    attributes: Mapping[str, Any],
    shape: Shape,
    opset: int,
    size: Shape,
    reason: str,
) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx(op_type, attributes, [shape], opset, _affine(*size))


@pytest.mark.parametrize(
    ("axes", "scale", "shape", "reason"),
    [
        ((), (1, 1), (2, 3), "a normalization over axes"),
        ((2,), (1, 1), (2, 3), "a normalization over axes"),
        ((1,), (2,), (2, 3), "do not fit a tensor of shape"),
        ((1,), (1, 2), (2, 3), "do not fit a tensor of shape"),
        ((0, 2, 4, 6, 8), (1,) * 9, (2,) * 9, "alternate more than 4 times"),
    ],
)
def test_shapes_that_do_not_fit(
    axes: tuple[int, ...], scale: Shape, shape: Shape, reason: str
) -> None:
    op = Normalization(axes, _random(*scale), _random(*scale), EPSILON)
    with pytest.raises(CnncError, match=reason):
        op.output_shape([shape])


def test_int8_network_around_it() -> None:
    check_case(CASES[0])


def test_int8_layers_around_it() -> None:
    check_case(CASES[0])
