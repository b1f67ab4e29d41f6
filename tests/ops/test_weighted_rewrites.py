"""What passes may do to every op with weights: scale its output, scale its input."""

from dataclasses import dataclass

import numpy as np
import pytest

from cnnc.errors import InternalError
from cnnc.ir.op import WeightedOp
from cnnc.ir.types import F32, Activation, Shape, Window, Window3, WindowAxis
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.conv3d import Conv3d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fully_connected import FullyConnected

GENERATOR = np.random.default_rng(0)
PADDED = Window(3, 3, pad_top=1, pad_left=2)
UNPADDED = Window(3, 3, stride_rows=2)


def _real(*shape: int) -> F32:
    return GENERATOR.normal(size=shape).astype(np.float32)


@dataclass(frozen=True)
class Rewritten:
    """An op with four output channels, and the shape of its operand."""

    name: str
    op: WeightedOp
    shape: Shape

    def __str__(self) -> str:
        return self.name


def _cases(window: Window, activation: Activation = Activation.NONE) -> list[Rewritten]:
    bias = _real(4)
    return [
        Rewritten("conv2d", Conv2d(_real(4, 3, 3, 2), bias, activation, window, 1), (1, 5, 5, 2)),
        Rewritten("groups", Conv2d(_real(4, 3, 3, 3), bias, activation, window, 2), (1, 5, 5, 6)),
        Rewritten(
            "depthwise", DepthwiseConv2d(_real(3, 3, 4), bias, activation, window, 1), (1, 5, 5, 4)
        ),
        Rewritten(
            "multiplier", DepthwiseConv2d(_real(3, 3, 4), bias, activation, window, 2), (1, 5, 5, 2)
        ),
        Rewritten(
            "conv3d",
            Conv3d(_real(4, 2, 3, 3, 1), bias, activation, Window3(WindowAxis(2), *window.axes), 2),
            (1, 3, 5, 5, 2),
        ),
        Rewritten("fully_connected", FullyConnected(_real(4, 6), bias, activation), (2, 6)),
    ]


@pytest.mark.parametrize("case", _cases(PADDED), ids=str)
def test_scale_output(case: Rewritten) -> None:
    operand = _real(2, *case.shape)
    scale = np.array([2.0, -1.0, 0.5, 0.0], np.float32)
    offset = np.array([1.0, 0.0, -3.0, 2.0], np.float32)
    expected = case.op.evaluate([operand]) * scale + offset
    actual = case.op.scale_output(scale, offset).evaluate([operand])
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("case", _cases(PADDED, Activation.RELU), ids=str)
def test_scaling_behind_an_activation_is_a_bug(case: Rewritten) -> None:
    with pytest.raises(InternalError, match="behind its activation"):
        case.op.scale_output(np.ones(4, np.float32), np.zeros(4, np.float32))


@pytest.mark.parametrize("case", _cases(UNPADDED, Activation.RELU), ids=str)
def test_scale_input(case: Rewritten) -> None:
    channels = case.shape[-1]
    _check_scaled_input(case, np.linspace(0.5, 3.0, channels, dtype=np.float32))


@pytest.mark.parametrize("case", _cases(PADDED), ids=str)
def test_scale_input_of_a_padded_window(case: Rewritten) -> None:
    _check_scaled_input(case, np.zeros(case.shape[-1], np.float32))


@pytest.mark.parametrize("case", _cases(PADDED)[:5], ids=str)
def test_offset_under_padding_is_refused_with_a_reason(case: Rewritten) -> None:
    offset = np.zeros(case.shape[-1], np.float32)
    offset[-1] = 0.5
    reason = case.op.scale_input(np.ones_like(offset), offset)
    assert isinstance(reason, str)
    assert "zero padding" in reason


def _check_scaled_input(case: Rewritten, offset: F32) -> None:
    operand = _real(2, *case.shape)
    scale = np.linspace(-1.0, 2.0, case.shape[-1], dtype=np.float32)
    scaled = case.op.scale_input(scale, offset)
    assert isinstance(scaled, WeightedOp)
    expected = case.op.evaluate([operand * scale + offset])
    np.testing.assert_allclose(scaled.evaluate([operand]), expected, rtol=1e-4, atol=1e-4)
