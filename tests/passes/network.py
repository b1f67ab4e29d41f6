"""Small hand-made float models for the pass tests, and the comparison before and after."""

from collections.abc import Sequence

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Activation, Shape, Window
from cnnc.ir.verify import verify_float
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fully_connected import FullyConnected
from cnnc.passes._framework import Pass
from cnnc.quantize.float_reference import run_float

SAMPLES = 3


def random(seed: int, *shape: int) -> F32:
    """Return normally distributed float32 values, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class Network:
    """A float model under construction; values are called v0, v1, ... after their nodes n0, n1."""

    def __init__(self, **inputs: Shape) -> None:
        self._inputs = tuple(_port(name, shape) for name, shape in inputs.items())
        self._shapes = dict(inputs)
        self._nodes: list[FloatNode] = []
        self._constants: dict[str, F32] = {}

    def add(self, op: FloatOp, *inputs: str) -> str:
        """Add a node; returns the value that it defines."""
        number = len(self._nodes)
        self._shapes[f"v{number}"] = op.output_shape([self._shapes[name] for name in inputs])
        self._nodes.append(FloatNode(f"n{number}", op, inputs, f"v{number}", (f"onnx{number}",)))
        return f"v{number}"

    def constant(self, array: F32) -> str:
        """Add a constant operand; returns its name."""
        name = f"k{len(self._constants)}"
        self._constants[name] = array
        self._shapes[name] = array.shape
        return name

    def model(self, *outputs: str) -> FloatModel:
        """Return the model with these values as outputs; it satisfies the gate."""
        model = FloatModel(
            name="network",
            inputs=self._inputs,
            outputs=tuple(
                Port(f"output_{name}", name, self._shapes[name], _straight(self._shapes[name]))
                for name in outputs
            ),
            nodes=tuple(self._nodes),
            constants=self._constants,
            shapes=self._shapes,
        )
        verify_float(model)
        return model


def _port(name: str, shape: Shape) -> Port:
    return Port(name, name, shape, _straight(shape))


def _straight(shape: Shape) -> tuple[int, ...]:
    return tuple(range(len(shape)))


def conv(
    seed: int,
    channels: int,
    filters: int,
    window: Window | None = None,
    activation: Activation = Activation.NONE,
) -> Conv2d:
    """Return a convolution with random weights, 1x1 unless a window is given."""
    sliding = window or Window(1, 1)
    weight = random(seed, filters, sliding.kernel_rows, sliding.kernel_cols, channels)
    return Conv2d(weight, random(seed + 1, filters), activation, sliding, 1)


def depthwise(seed: int, channels: int, window: Window) -> DepthwiseConv2d:
    """Return a depthwise convolution with random weights."""
    weight = random(seed, window.kernel_rows, window.kernel_cols, channels)
    return DepthwiseConv2d(weight, random(seed + 1, channels), Activation.NONE, window, 1)


def dense(seed: int, columns: int, channels: int) -> FullyConnected:
    """Return a matrix product with random weights."""
    return FullyConnected(
        random(seed, channels, columns), random(seed + 1, channels), Activation.NONE
    )


def affine(seed: int, channels: int) -> ChannelAffine:
    """Return a random affine map per channel."""
    return ChannelAffine(random(seed, channels), random(seed + 1, channels))


def kinds(model: FloatModel) -> list[str]:
    """Return the kind of every node, in order."""
    return [node.op.kind for node in model.nodes]


def outputs(model: FloatModel) -> list[F32]:
    """Return what the model's outputs are on random inputs, the same for equal ports."""
    inputs = {
        port.value: random(100 + number, SAMPLES, *port.storage_shape)
        for number, port in enumerate(model.inputs)
    }
    values = dict(run_float(model, inputs))
    return [values[port.value] for port in model.outputs]


def assert_equal(before: FloatModel, after: FloatModel) -> None:
    """Check that both compute the same, within float tolerance, and that the gate passes."""
    verify_float(after)
    assert [port.name for port in after.outputs] == [port.name for port in before.outputs]
    for expected, found in zip(outputs(before), outputs(after), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def apply(model: FloatModel, *passes: Pass[FloatModel]) -> FloatModel:
    """Run passes once each and check the result."""
    after = model
    for step in passes:
        after = step.run(after)
    assert_equal(model, after)
    return after


def assert_fires(
    model: FloatModel, passes: Sequence[Pass[FloatModel]], expected: Sequence[str]
) -> FloatModel:
    """Check that the passes leave exactly these kinds of nodes; returns the new model."""
    after = apply(model, *passes)
    assert kinds(after) == list(expected)
    return after


def assert_idle(model: FloatModel, step: Pass[FloatModel]) -> None:
    """Check that a pass gives back the very same model."""
    assert step.run(model) is model
