"""Lp pooling: C to the bit, ONNX's spellings, what is refused."""

import numpy as np
import pytest
from tests.support.onnx_cases import import_proto, one_node_model
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, quantized_case

from cnnc.errors import CnncError
from cnnc.importer.data import from_storage, to_storage
from cnnc.ir.types import F32, AnyWindow, Shape, Window, Window3, WindowAxis
from cnnc.ops._real_op import RealOp
from cnnc.ops.lp_pool import LpPool
from cnnc.quantize.float_reference import run_float


def case(name: str, window: AnyWindow, power: int, *shape: int) -> OpCase:
    return OpCase(name, LpPool(window, power), (shape,), ((-2.0, 2.0),))


PADDED = Window(3, 3, 2, 2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
DILATED = Window(2, 3, dilation_rows=2, dilation_cols=2, pad_top=1, pad_right=1)
CUBE = Window3(WindowAxis(2), WindowAxis(2, 2), WindowAxis(3, 1, 1, 1, 1))

CASES = [
    case("one_pixel", Window(1, 1), 2, 1, 1, 1, 1),
    case("magnitudes", PADDED, 1, 2, 5, 4, 3),
    case("lengths", PADDED, 2, 1, 5, 4, 5),
    case("cubes", PADDED, 3, 1, 5, 4, 2),
    case("high_power", Window(2, 2), 7, 1, 3, 4, 2),
    case("dilated", DILATED, 2, 1, 6, 7, 2),
    case("volume", CUBE, 2, 2, 3, 4, 5, 3),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_zeros_stay_zeros() -> None:
    for power in (1, 2, 3):
        op = LpPool(Window(2, 2), power)
        x = np.zeros((1, 1, 2, 2, 1), np.float32)
        assert op.evaluate_in_order([x]).tolist() == op.evaluate([x]).tolist() == [[[[[0.0]]]]]


def test_it_stays_real_between_int8_layers() -> None:
    ops = [node.op for node in quantized_case(CASES[1], "double").nodes]
    (real,) = [op for op in ops if isinstance(op, RealOp)]
    assert real.reason == "powers and roots are computed on real numbers"


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("opset", [11, 18, 22])
def test_powers(power: int, opset: int) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 3], "pads": [1, 0, 1, 1], "p": power}
    check_onnx("LpPool", attributes, [(1, 2, 8, 9)], opset=opset)


def test_default_power() -> None:
    check_onnx("LpPool", {"kernel_shape": [2, 2]}, [(1, 2, 4, 5)])


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("size", [7, 8, 9])
def test_ceil_mode(ceil_mode: int, size: int) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 3], "ceil_mode": ceil_mode}
    check_onnx("LpPool", attributes | {"dilations": [2, 1]}, [(1, 2, size, size)], opset=18)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("shape", [(2, 3, 8), (1, 2, 7, 8), (1, 2, 4, 5, 6)])
def test_auto_pad(auto_pad: str, shape: Shape) -> None:
    axes = len(shape) - 2
    attributes = {"kernel_shape": [3, 2, 2][:axes], "strides": [2] * axes, "auto_pad": auto_pad}
    check_onnx("LpPool", attributes, [shape])


@pytest.mark.parametrize("shape", [(2, 3, 7), (1, 3, 4, 5), (2, 2, 2, 3, 4)])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_global(shape: Shape, power: int) -> None:
    # ONNX Runtime has no kernel for GlobalLpPool.
    model = import_proto(one_node_model("GlobalLpPool", {"p": power}, [shape], 17, {}))
    x: F32 = np.random.default_rng(0).normal(0.0, 1.0, (1, *shape)).astype(np.float32)
    (source,), (result,) = model.inputs, model.outputs
    values = dict(run_float(model, {source.value: to_storage(source, x)}))
    axes = tuple(range(3, len(shape) + 1))
    expected = (np.abs(x) ** power).sum(axis=axes, keepdims=True) ** (1 / power)
    np.testing.assert_allclose(from_storage(result, values[result.value]), expected, rtol=1e-5)


@pytest.mark.parametrize("power", [0, 65])
def test_refuses_the_power(power: int) -> None:
    with pytest.raises(CnncError, match=r"is not within 1\.\.64"):
        check_onnx("LpPool", {"kernel_shape": [2], "p": power}, [(1, 2, 8)])


def test_int8_layers_around_it() -> None:
    check_case(CASES[0])
