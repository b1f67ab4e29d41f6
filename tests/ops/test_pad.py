"""Pad: every engine, merged axes, ONNX's spellings, what is refused."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, quantized_case

from cnnc.errors import CnncError
from cnnc.importer.builder import GraphBuilder
from cnnc.ops.pad import Pad, PadCopy, PaddedAxis, PadMode, QuantPad, merge_axes


def case(
    name: str, pads: list[tuple[int, int]], shape: tuple[int, ...], value: float = 0.0
) -> OpCase:
    before, after = zip(*pads, strict=True)
    return OpCase(name, Pad(before, after, value), (shape,), ((-1.0, 1.0),))


BORDER = [(0, 0), (1, 1), (1, 1), (0, 0)]
CASES = [
    case("border", BORDER, (1, 4, 5, 3)),
    case("border_of_a_batch", BORDER, (3, 2, 2, 4)),
    case("end_only", [(0, 0), (0, 1), (0, 2), (0, 0)], (2, 4, 5, 3)),
    case("every_axis", [(1, 4), (2, 3), (3, 2), (4, 1)], (2, 2, 3, 1), value=0.5),
    case("channels", [(0, 0), (0, 0), (0, 0), (2, 3)], (1, 2, 3, 4)),
    case("row", [(2, 0)], (5,)),
    case("value_below_the_range", BORDER, (1, 2, 2, 2), value=-5.0),
    case("value_of_all_ones", BORDER, (1, 2, 2, 2), value=1.0),
    case("five_axes", [(0, 0), (0, 0), (1, 1), (1, 0), (0, 0)], (2, 3, 4, 5, 2)),
    case("six_axes", [(0, 0), (0, 0), (1, 1), (1, 0), (0, 0), (1, 0)], (1, 2, 3, 4, 5, 2), 0.1),
    OpCase("all_positive", Pad((0, 1), (0, 2), 0.0), ((2, 3),), ((0.0, 1.0),)),
    OpCase("all_negative", Pad((0, 1), (0, 2), 0.0), ((2, 3),), ((-1.0, 0.0),)),
]

COPIES = [
    OpCase(f"{mode.value}_{name}", PadCopy(before, after, mode), (shape,))
    for mode in PadMode
    for name, before, after, shape in (
        ("image", (0, 2, 1, 0), (0, 1, 2, 0), (2, 3, 4, 3)),
        ("channels", (0, 0, 0, 1), (0, 0, 0, 2), (1, 2, 3, 4)),
        ("row", (3,), (0,), (5,)),
        ("every_axis", (1, 0, 1, 1), (0, 1, 1, 0), (2, 2, 3, 2)),
    )
]
FAR = PadCopy((0, 0, 2, 0, 0), (0, 1, 5, 0, 0), PadMode.EDGE)
COPIES.append(OpCase("edge_rank_5", FAR, ((1, 2, 3, 2, 2),)))


@pytest.mark.parametrize("op_case", [*CASES, *COPIES], ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", [*CASES, *COPIES], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_fill_is_the_quantized_value() -> None:
    model = quantized_case(case("half", BORDER, (1, 2, 2, 1), value=0.5), "double")
    op = model.nodes[0].op
    assert isinstance(op, QuantPad)
    zero_point = model.values["output"].quantization.zero_point
    assert op.fill == zero_point + round(0.5 * 255 / 2)


def test_unpadded_axes_are_merged() -> None:
    axes = [(1, 0, 0), (1, 0, 0), (4, 1, 2), (5, 0, 0), (3, 0, 1), (2, 0, 0)]
    assert merge_axes(tuple(PaddedAxis(*axis) for axis in axes)) == (
        PaddedAxis(20, 5, 10),
        PaddedAxis(6, 0, 2),
    )


@pytest.mark.parametrize("opset", [11, 13, 17, 18, 21])
@pytest.mark.parametrize("value", [None, 0.0, -1.5])
def test_pads_as_input(opset: int, value: float | None) -> None:
    constants = {1: np.array([0, 0, 1, 2, 0, 1, 0, 3], dtype=np.int64)}
    if value is not None:
        constants |= {2: np.array(value, dtype=np.float32)}
    check_onnx("Pad", {}, [(1, 2, 3, 4)], opset=opset, constants=constants)


def test_pads_as_attribute() -> None:
    attributes = {"pads": [0, 0, 1, 2, 0, 0, 0, 3], "value": 2.5, "mode": "constant"}
    check_onnx("Pad", attributes, [(1, 2, 3, 4)], opset=7)


def test_axes_as_input() -> None:
    constants = {
        1: np.array([1, 2, 3, 0], dtype=np.int64),
        2: None,
        3: np.array([-1, 2], dtype=np.int64),
    }
    check_onnx("Pad", {}, [(1, 2, 3, 4)], opset=18, constants=constants)


def test_no_padding_adds_no_node() -> None:
    constants = {1: np.zeros(8, dtype=np.int64)}
    model = check_onnx("Pad", {}, [(1, 2, 3, 4)], constants=constants)
    assert not any(isinstance(node.op, Pad) for node in model.nodes)


def test_refuses_other_modes() -> None:
    constants = {1: np.array([0, 0, 1, 1, 0, 0, 1, 1], dtype=np.int64)}
    with pytest.raises(CnncError, match="mode 'x' is not supported; constant, edge, reflect, wrap"):
        check_onnx("Pad", {"mode": "x"}, [(1, 2, 3, 4)], constants=constants)


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap", "constant"])
@pytest.mark.parametrize(
    "pads",
    [
        [0, 0, 1, 2, 0, 0, 2, 3],
        [0, 1, 0, 0, 0, 0, 1, 0],
        [0, 0, -1, 1, 0, 0, 1, -2],
        [0, 0, -1, 0, 0, -1, 0, -1],
    ],
)
def test_reads_every_mode(mode: str, pads: list[int]) -> None:
    constants = {1: np.array(pads, dtype=np.int64)}
    check_onnx("Pad", {"mode": mode}, [(2, 3, 4, 5)], opset=19, constants=constants)


def test_modes_before_pads_were_an_input() -> None:
    attributes = {"pads": [0, 0, 1, 2, 0, 0, 0, 3], "mode": "reflect"}
    check_onnx("Pad", attributes, [(1, 2, 3, 4)], opset=7)


def test_cropping_alone_is_a_slice() -> None:
    constants = {1: np.array([0, 0, -1, 0, 0, 0, -1, 0], dtype=np.int64)}
    model = check_onnx("Pad", {}, [(1, 2, 3, 4)], constants=constants)
    assert [node.op.kind for node in model.nodes] == ["slice"]


def test_refuses_to_crop_everything() -> None:
    constants = {1: np.array([0, 0, -2, 0, 0, 0, -1, 0], dtype=np.int64)}
    with pytest.raises(CnncError, match="leave nothing of the tensor"):
        check_onnx("Pad", {}, [(1, 2, 3, 4)], constants=constants)


@pytest.mark.parametrize(("mode", "most"), [("reflect", 2), ("wrap", 3)])
def test_refuses_pads_wider_than_the_mode_has(mode: str, most: int) -> None:
    reason = f"mode '{mode}' pads axis 1 of 3 elements by at most {most}, not {most + 1}"
    with pytest.raises(CnncError, match=reason):
        PadCopy((0, most + 1), (0, 0), PadMode(mode)).output_shape([(2, 3)])
    with pytest.raises(CnncError, match="pads of more than 4 axes"):
        PadCopy((1,) * 5, (0,) * 5, PadMode.EDGE).output_shape([(2,) * 5])


def test_refuses_more_padded_axes_than_the_kernel_has() -> None:
    builder = GraphBuilder(shapes={"x": (2, 2, 2, 2, 2)})
    with pytest.raises(CnncError, match="pads of more than 4 axes"):
        builder.append("node", Pad((1,) * 5, (0,) * 5, 0.0), ["x"], "y", ())


@pytest.mark.parametrize(
    ("axes", "reason"),
    [
        ([6, 2], "axis 6 does not exist in rank 4"),
        ([-5, 2], "axis -5 does not exist in rank 4"),
        ([2, 2], r"axes \[2, 2\] name axis 2 twice"),
        ([2, -2], r"axes \[2, -2\] name axis 2 twice"),
    ],
)
def test_refuses_axes_that_make_no_sense(axes: list[int], reason: str) -> None:
    constants = {1: np.array([1, 2, 3, 0]), 2: None, 3: np.array(axes)}
    with pytest.raises(CnncError, match=reason):
        check_onnx("Pad", {}, [(1, 2, 3, 4)], opset=18, constants=constants)
