"""Resize and Upsample: every engine, every mode and coordinate mode, ONNX's spellings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.op_cases import (
    OpCase,
    check_case,
    check_onnx,
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.codegen.tflite import TfliteGraph, TfliteOptions
from cnnc.errors import CnncError, ModelError
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.op import FloatOp
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import Quantization, Rounding, Shape
from cnnc.ops.resize import ResizeLinear, ResizeNearest, ResizeWeighted
from cnnc.ops.resize.coordinates import (
    Coordinates,
    NearestMode,
    ResizedAxis,
    clamped_positions,
    nearest_indices,
)
from cnnc.ops.resize.cubic import cubic_taps
from cnnc.ops.resize.tflite_form import linear_steps

ASYMMETRIC, HALF_PIXEL = Coordinates.ASYMMETRIC, Coordinates.HALF_PIXEL
ALIGN_CORNERS = Coordinates.ALIGN_CORNERS
CROP = Coordinates.TF_CROP_AND_RESIZE


def resized(
    shape: Shape, axes: Sequence[int], sizes: Sequence[int], coordinates: Coordinates
) -> list[ResizedAxis]:
    return [
        ResizedAxis(
            shape[axis], size, float(np.float32(size) / np.float32(shape[axis])), coordinates
        )
        for axis, size in zip(axes, sizes, strict=True)
    ]


def nearest(
    shape: Shape,
    axes: Sequence[int],
    sizes: Sequence[int],
    coordinates: Coordinates = ASYMMETRIC,
    mode: NearestMode = NearestMode.FLOOR,
) -> FloatOp:
    found = [nearest_indices(axis, mode) for axis in resized(shape, axes, sizes, coordinates)]
    return ResizeNearest(tuple(axes), tuple(sizes), np.concatenate(found))


def linear(
    shape: Shape,
    axes: Sequence[int],
    sizes: Sequence[int],
    coordinates: Coordinates = HALF_PIXEL,
) -> FloatOp:
    found = resized(shape, axes, sizes, coordinates)
    positions = np.concatenate([clamped_positions(axis) for axis in found])
    steps = np.concatenate([linear_steps(axis) for axis in found])
    return ResizeLinear(tuple(axes), tuple(sizes), positions, steps)


def cubic(shape: Shape, axes: Sequence[int], sizes: Sequence[int]) -> FloatOp:
    taps = [
        cubic_taps(axis, -0.75, exclude_outside=False)
        for axis in resized(shape, axes, sizes, HALF_PIXEL)
    ]
    indices = np.concatenate([entry.indices for entry in taps])
    weights = np.concatenate([entry.weights for entry in taps])
    return ResizeWeighted(tuple(axes), tuple(sizes), indices, weights)


IMAGE = (1, 4, 5, 3)
ROWS, COLS = 1, 2
NEAREST_CASES = [
    OpCase("double", nearest(IMAGE, (1, 2), (8, 10)), (IMAGE,)),
    OpCase("fractional", nearest((2, 5, 7, 2), (1, 2), (8, 9)), ((2, 5, 7, 2),)),
    OpCase("smaller", nearest((1, 9, 8, 1), (1, 2), (4, 3)), ((1, 9, 8, 1),)),
    OpCase("columns", nearest(IMAGE, (2,), (15,)), (IMAGE,)),
    OpCase("signal", nearest((2, 6, 3), (1,), (12,)), ((2, 6, 3),)),
    OpCase("vector", nearest((6,), (0,), (4,)), ((6,),)),
    OpCase("onnx_order", nearest((1, 3, 4, 5), (2, 3), (8, 10)), ((1, 3, 4, 5),)),
    OpCase("one_pixel", nearest((1, 1, 1, 4), (1, 2), (3, 2)), ((1, 1, 1, 4),)),
    OpCase("aligned_doubling", nearest(IMAGE, (1, 2), (7, 9), ALIGN_CORNERS), (IMAGE,)),
    OpCase(
        "centres",
        nearest(IMAGE, (1, 2), (2, 3), HALF_PIXEL, NearestMode.ROUND_PREFER_CEIL),
        (IMAGE,),
    ),
]
OWN_NEAREST_CASES = [
    OpCase(
        "volume",
        nearest((1, 2, 3, 4, 2), (1, 2, 3), (4, 6, 8)),
        ((1, 2, 3, 4, 2),),
        not_expressible=True,
    ),
    OpCase(
        "ceil",
        nearest(IMAGE, (1, 2), (8, 10), ASYMMETRIC, NearestMode.CEIL),
        (IMAGE,),
        not_expressible=True,
    ),
    OpCase("apart", nearest((2, 3, 2), (0, 2), (4, 4)), ((2, 3, 2),), not_expressible=True),
]
LINEAR_CASES = [
    OpCase("bilinear_centres", linear(IMAGE, (1, 2), (8, 10)), (IMAGE,)),
    OpCase("bilinear_corners", linear(IMAGE, (1, 2), (9, 13), ALIGN_CORNERS), (IMAGE,)),
    OpCase("bilinear_asymmetric", linear(IMAGE, (1, 2), (8, 10), ASYMMETRIC), (IMAGE,)),
    OpCase("bilinear_fractional", linear((2, 5, 7, 2), (1, 2), (8, 9)), ((2, 5, 7, 2),)),
    OpCase("bilinear_smaller", linear((1, 9, 8, 1), (1, 2), (4, 3)), ((1, 9, 8, 1),)),
    OpCase("bilinear_long", linear((1, 3, 10, 1), (2,), (300,)), ((1, 3, 10, 1),)),
    OpCase("linear_signal", linear((2, 6, 3), (1,), (12,)), ((2, 6, 3),)),
    OpCase("linear_onnx_order", linear((1, 3, 4, 5), (2, 3), (8, 10)), ((1, 3, 4, 5),)),
    OpCase("linear_one_pixel", linear((1, 1, 1, 4), (1, 2), (3, 2)), ((1, 1, 1, 4),)),
    OpCase("linear_to_one_pixel", linear(IMAGE, (1, 2), (1, 1), ALIGN_CORNERS), (IMAGE,)),
]
OWN_LINEAR_CASES = [
    OpCase(
        "trilinear",
        linear((1, 2, 3, 4, 2), (1, 2, 3), (4, 5, 8)),
        ((1, 2, 3, 4, 2),),
        not_expressible=True,
    ),
    OpCase(
        "linear_pytorch_to_one",
        linear(IMAGE, (1, 2), (1, 10), Coordinates.PYTORCH_HALF_PIXEL),
        (IMAGE,),
        not_expressible=True,
    ),
    OpCase("linear_apart", linear((2, 3, 2), (0, 2), (4, 4)), ((2, 3, 2),), not_expressible=True),
]
CUBIC_CASES = [
    OpCase("bicubic", cubic(IMAGE, (1, 2), (8, 7)), (IMAGE,)),
    OpCase("cubic_signal", cubic((1, 6, 2), (1,), (9,)), ((1, 6, 2),)),
]
EXACT_CASES = [*NEAREST_CASES, *OWN_NEAREST_CASES]
CASES = [*EXACT_CASES, *LINEAR_CASES, *OWN_LINEAR_CASES]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("rounding", ["single"])
@pytest.mark.parametrize("op_case", [NEAREST_CASES[0], LINEAR_CASES[0]], ids=str)
def test_single_rounding(op_case: OpCase, rounding: Rounding) -> None:
    check_case(op_case, rounding)


@pytest.mark.parametrize("op_case", [*CASES, *CUBIC_CASES], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_cubic_interpolation_runs_on_real_numbers() -> None:
    check_case(CUBIC_CASES[0])
    model = quantized_case(CUBIC_CASES[0], "double")
    assert [node.op.kind for node in model.nodes] == ["dequantize", "resize_weighted", "quantize"]


@pytest.mark.parametrize(
    ("op_case", "reason"),
    [
        (OWN_NEAREST_CASES[0], "rows and columns only"),
        (OWN_NEAREST_CASES[1], "takes other elements"),
        (OWN_LINEAR_CASES[0], "rows and columns only"),
        (OWN_LINEAR_CASES[1], "at other positions"),
    ],
    ids=str,
)
def test_not_expressible(op_case: OpCase, reason: str) -> None:
    (refusal,) = tflite_refusals(op_case)
    assert reason in refusal.reason


def _empty_roi(opset: int) -> np.ndarray[Any, Any] | None:
    return np.zeros(0, np.float32) if opset < 13 else None


def _by_scales(scales: Sequence[float], opset: int = 18) -> dict[int, Any]:
    return {1: _empty_roi(opset), 2: np.array(scales, np.float32)}


def _by_sizes(sizes: Sequence[int], opset: int = 18) -> dict[int, Any]:
    # Opset 11 wants scales, be they empty.
    scales = np.zeros(0, np.float32) if opset < 13 else None
    return {1: _empty_roi(opset), 2: scales, 3: np.array(sizes, np.int64)}


@pytest.mark.parametrize("coordinates", [c for c in Coordinates if c is not CROP])
@pytest.mark.parametrize("mode", list(NearestMode))
@pytest.mark.parametrize("size", [(8, 10), (7, 11), (3, 2), (1, 1)])
def test_nearest(coordinates: str, mode: str, size: tuple[int, int]) -> None:
    attributes = {
        "mode": "nearest", "nearest_mode": mode, "coordinate_transformation_mode": coordinates,
    }  # fmt: skip
    opset = 11 if coordinates == Coordinates.TF_HALF_PIXEL_FOR_NN else 19
    check_onnx("Resize", attributes, [(1, 3, 4, 5)], opset, _by_sizes((1, 3, *size), opset))


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize("scales", [(1, 1, 2, 2), (1, 1, 1.5, 2.5), (1, 1, 0.6, 0.4)])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_scales(mode: str, scales: tuple[float, ...], opset: int) -> None:
    check_onnx("Resize", {"mode": mode}, [(2, 3, 5, 6)], opset, _by_scales(scales, opset))


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize(
    "coordinates", ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
)
@pytest.mark.parametrize("size", [(8, 10), (7, 11), (3, 2), (1, 1), (1, 7)])
def test_interpolation(mode: str, coordinates: str, size: tuple[int, int]) -> None:
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
    check_onnx("Resize", attributes, [(2, 3, 4, 5)], 18, _by_sizes((2, 3, *size)))


@pytest.mark.parametrize("scale", [0.8, 1.7])
def test_half_pixel_symmetric(scale: float) -> None:
    attributes = {"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"}
    check_onnx("Resize", attributes, [(1, 2, 5, 6)], 19, _by_scales((1, 1, scale, scale)))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_three_axes(mode: str) -> None:
    shape = (1, 2, 3, 4, 5)
    check_onnx("Resize", {"mode": mode}, [shape], 18, _by_sizes((1, 2, 6, 7, 5)))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_one_axis(mode: str) -> None:
    check_onnx("Resize", {"mode": mode}, [(2, 3, 6)], 18, _by_scales((1, 1, 2)))


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
@pytest.mark.parametrize("sizes", [(7, 8), (12, 5)])
def test_keep_aspect_ratio(policy: str, sizes: tuple[int, int]) -> None:
    attributes = {"mode": "linear", "axes": [2, 3], "keep_aspect_ratio_policy": policy}
    check_onnx("Resize", attributes, [(1, 2, 4, 6)], 18, _by_sizes(sizes))


def test_named_axes_and_scales() -> None:
    attributes = {"mode": "nearest", "axes": [-1, 2]}
    check_onnx("Resize", attributes, [(1, 2, 4, 6)], 18, _by_scales((2, 3)))


def test_parameters_of_cubic_interpolation() -> None:
    attributes = {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1}
    check_onnx("Resize", attributes, [(1, 2, 4, 6)], 13, _by_scales((1, 1, 2, 1.5), 13))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scales", [(1.0, 1.0, 2.0, 3.0), (1.0, 1.0, 1.7, 1.2)])
def test_upsample(mode: str, scales: tuple[float, ...]) -> None:
    shape = (1, 2, 4, 6)
    check_onnx("Upsample", {"mode": mode, "scales": scales}, [shape], 7)
    constants = {1: np.array(scales, np.float32)}
    check_onnx("Upsample", {"mode": mode}, [shape], 9, constants)
    check_onnx("Resize", {"mode": mode}, [shape], 10, constants)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_first_resize_makes_smaller(mode: str) -> None:
    constants = {1: np.array([1, 1, 0.6, 0.5], np.float32)}
    check_onnx("Resize", {"mode": mode}, [(1, 2, 8, 9)], 10, constants)


def test_equal_size_adds_nothing() -> None:
    model = check_onnx("Resize", {}, [(1, 2, 3, 4)], 18, _by_scales((1, 1, 1, 1)))
    assert not any(node.op.kind.startswith("resize") for node in model.nodes)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("scales", [(2, 2), (0.5, 0.5), (0.3, 0.7), (0.4, 1.5), (1, 0.2)])
@pytest.mark.parametrize("exclude_outside", [0, 1])
def test_antialias(mode: str, scales: tuple[float, float], exclude_outside: int) -> None:
    attributes = {"mode": mode, "antialias": 1, "exclude_outside": exclude_outside}
    check_onnx("Resize", attributes, [(1, 2, 9, 10)], 18, _by_scales((1, 1, *scales)))


def test_antialias_matters_only_where_an_axis_becomes_shorter() -> None:
    attributes = {"mode": "linear", "antialias": 1}
    model = check_onnx("Resize", attributes, [(1, 2, 3, 4)], 18, _by_scales((1, 1, 2, 2)))
    assert [node.op.kind for node in model.nodes] == ["resize_linear"]


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize(
    "roi",
    [
        (0, 0, 0.4, 0.6, 1, 1, 0.6, 0.8),
        (0, 0, -0.3, 0.2, 1, 1, 0.7, 1.2),
        (0, 0, 0.9, -0.5, 1, 1, 0.1, 1.5),
        (0, 0, 0.0, 0.0, 1, 1, 1.0, 1.0),
    ],
)
@pytest.mark.parametrize("size", [(3, 5), (1, 8), (6, 4)])
def test_crop(mode: str, roi: tuple[float, ...], size: tuple[int, int]) -> None:
    attributes = {
        "mode": mode,
        "coordinate_transformation_mode": CROP.value,
        "extrapolation_value": -2.5,
        "nearest_mode": "floor",
    }
    constants = {**_by_sizes((1, 2, *size)), 1: np.array(roi, np.float32)}
    check_onnx("Resize", attributes, [(1, 2, 4, 7)], 18, constants)


def test_crop_of_an_axis_that_keeps_its_size() -> None:
    axis = ResizedAxis(3, 3, 1.0, CROP, (0.5, 1.0))
    assert not axis.is_unchanged
    assert axis.positions().tolist() == [1.0, 1.5, 2.0]


def test_crop_of_named_axes_on_int8() -> None:
    axes = [ResizedAxis(6, 5, 5 / 6, CROP, (-0.4, 1.1))]
    assert axes[0].outside() == (2, 1)
    inside = replace(axes[0], skipped=(2, 1))
    assert inside.positions().shape == (2,)
    indices = nearest_indices(inside, NearestMode.FLOOR)
    op = ResizeNearest((1,), (2,), indices)
    check_case(OpCase("crop", op, ((2, 6, 3),), not_expressible=True))


@pytest.mark.parametrize(
    ("roi", "reason"),
    [((0, 0, 1), "does not fit axes"), ((0, 0, 1.2, 1, 1, 1.5), "lies outside the operand")],
)
def test_crops_that_are_refused(roi: tuple[float, ...], reason: str) -> None:
    attributes = {"mode": "linear", "coordinate_transformation_mode": CROP.value}
    constants = {**_by_sizes((1, 2, 3)), 1: np.array(roi, np.float32)}
    with pytest.raises(CnncError, match=reason):
        check_onnx("Resize", attributes, [(1, 2, 4)], 18, constants)


@pytest.mark.parametrize(
    ("attributes", "constants", "reason"),
    [
        ({"coordinate_transformation_mode": "cubes"}, _by_scales((1, 1, 2)), "half_"),
        ({"mode": "lanczos"}, _by_scales((1, 1, 2)), "mode 'lanczos' is not supported"),
        ({"nearest_mode": "up"}, _by_scales((1, 1, 2)), "nearest_mode 'up'"),
        ({"keep_aspect_ratio_policy": "crop"}, _by_sizes((1, 2, 3)), "policy 'crop'"),
        ({}, _by_scales((1, 2)), "do not fit axes"),
        ({}, _by_scales((1, 1, 0)), "do not fit axes"),
        ({}, _by_sizes((1, 2)), "do not fit axes"),
        ({}, _by_scales((1, 1, 0.1)), "axis 2 would have 0 elements"),
        ({}, _by_scales((1, 1, 40000)), "more than 32767 elements"),
    ],
)
def test_refusals(attributes: dict[str, Any], constants: dict[int, Any], reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx("Resize", attributes, [(1, 2, 3)], 18, constants)


def test_axes_that_lie_apart_are_refused() -> None:
    with pytest.raises(CnncError, match="lie too far apart"):
        check_onnx("Resize", {}, [(2, 3, 2, 3, 2)], 18, _by_scales((2, 1, 2, 1, 2)))


def _tflite_resize(code: str, size: tuple[int, int], **options: bool) -> bytes:
    format_ = Quantization(0.5, 3)
    graph = TfliteGraph()
    operand = graph.activation("x", QuantValue((1, 2, 3, 1), format_))
    sizes = graph.constant(np.array(size, np.int32))
    output = graph.activation("y", QuantValue((1, *size, 1), format_))
    table = {
        "RESIZE_BILINEAR": "ResizeBilinearOptions",
        "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    }[code]
    graph.operator(code, [operand, sizes], output, TfliteOptions(table, options), version=3)
    return graph.file([operand], [output])


@pytest.mark.parametrize("code", ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"])
def test_contradicting_options_of_tflite_are_refused(code: str, tmp_path: Path) -> None:
    path = tmp_path / "resize.tflite"
    path.write_bytes(_tflite_resize(code, (4, 6), AlignCorners=True, HalfPixelCenters=True))
    with pytest.raises(ModelError, match="exclude each other"):
        read_tflite(path)


def test_positions_of_tflite_beyond_the_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "resize.tflite"
    path.write_bytes(_tflite_resize("RESIZE_BILINEAR", (2, 6000)))
    with pytest.raises(ModelError, match="pass the end"):
        read_tflite(path)
