"""The text of a model: complete, stable, a line a node."""

import numpy as np
from tests.passes.integer_network import FORMAT, OTHER, IntegerNetwork
from tests.passes.network import Network

from cnnc.ir.text import dump_float, dump_quant
from cnnc.ir.types import Activation, Window
from cnnc.ops.add import Add
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.reshape import QuantReshape
from cnnc.ops.transpose import Transpose

WINDOW = Window(3, 2, stride_rows=2, pad_left=1)
WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)


def float_text(weight: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
    net = Network(x=(1, 5, 4, 2))
    op = Conv2d(weight, np.zeros(2, np.float32), Activation.RELU, WINDOW, 1)
    moved = net.add(Transpose((0, 3, 1, 2)), net.add(op, "x"))
    return dump_float(net.model(net.add(Add(), moved, net.constant(np.ones(1, np.float32)))))


def test_a_float_model() -> None:
    assert float_text(WEIGHT).splitlines() == [
        "float model network",
        "input x = x [1, 5, 4, 2]  onnx [1, 5, 4, 2] axes [0, 1, 2, 3]",
        "constant k0 [1] = float32[1]#e00e5eb94441",
        "conv2d  n0  (x [1, 5, 4, 2]) -> v0 [1, 2, 4, 2]  weight=float32[2, 3, 2, 2]#45a996559017 "
        "bias=float32[2]#af5570f5a181 activation=RELU weight_scale=None "
        "window={3x2 stride_rows=2 pad_left=1} groups=1  from onnx0",
        "transpose  n1  (v0 [1, 2, 4, 2]) -> v1 [1, 2, 2, 4]  permutation=[0, 3, 1, 2]  from onnx1",
        "add  n2  (v1 [1, 2, 2, 4], k0 [1]) -> v2 [1, 2, 2, 4]  activation=NONE  from onnx2",
        "output output_v2 = v2 [1, 2, 2, 4]  onnx [1, 2, 2, 4] axes [0, 1, 2, 3]",
    ]


def test_equal_models_give_equal_text_and_other_weights_another() -> None:
    assert float_text(WEIGHT) == float_text(WEIGHT.copy())
    changed = WEIGHT.copy()
    changed[0, 0, 0, 0] = -1.0
    assert float_text(changed) != float_text(WEIGHT)


def test_an_integer_model() -> None:
    net = IntegerNetwork((1, 4))
    shaped = net.add(QuantReshape((2, 2)), FORMAT, "x")
    lines = dump_quant(net.model(net.requantize(OTHER, shaped))).splitlines()
    assert lines[:3] == [
        "int8 model network, double rounding",
        "input x = x [1, 4] int8(0.5, 3)  onnx [1, 4] axes [0, 1]",
        "reshape  n0  (x [1, 4] int8(0.5, 3)) -> v0 [2, 2] int8(0.5, 3)  shape=[2, 2]  from onnx",
    ]
    assert lines[3].startswith(
        "requantize  n1  (v0 [2, 2] int8(0.5, 3)) -> v1 [2, 2] int8(0.25, -7)  table=int8[256]#"
    )
    assert lines[3].endswith("input_zero_point=3 output_zero_point=-7  from onnx")


def test_names_stay_on_their_line() -> None:
    net = Network(**{"x\n\x1b[2J": (1, 4)})
    model = net.model(net.add(Transpose((1, 0)), "x\n\x1b[2J"))
    lines = dump_float(model).splitlines()
    assert len(lines) == 4
    assert "(x\\n\\x1b[2J [1, 4])" in lines[2]
