"""Single layers to measure: the shapes that the networks of MLPerf Tiny are made of."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17


@dataclass(frozen=True)
class Shape:
    """A convolution with ReLU on its own, stride 1, same padding.

    Attributes:
        size: Rows and columns.
        kernel: Rows and columns of the kernel.
        inputs: Channels.
        outputs: Channels; as many as inputs where it is depthwise.
        depthwise: Whether each channel has a kernel of its own.
    """

    size: int
    kernel: int
    inputs: int
    outputs: int
    depthwise: bool = False

    def write(self, folder: Path) -> Path:
        """Write it as an ONNX file with normally distributed weights; returns the path."""
        draw = np.random.default_rng(0).normal
        groups = self.inputs if self.depthwise else 1
        weight_shape = (self.outputs, self.inputs // groups, self.kernel, self.kernel)
        weights = {
            "w": draw(0.0, 0.3, weight_shape).astype(np.float32),
            "b": draw(0.0, 0.3, self.outputs).astype(np.float32),
        }
        pads = [self.kernel // 2] * 4
        nodes = [
            helper.make_node("Conv", ["x", "w", "b"], ["c"], "conv", pads=pads, group=groups),
            helper.make_node("Relu", ["c"], ["y"], "relu"),
        ]
        shape = (1, self.inputs, self.size, self.size)
        graph = helper.make_graph(
            nodes,
            "shape",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in weights.items()],
        )
        path = folder / "shape.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)]), path)
        return path


SHAPES = {
    "conv3x3_32x32x16_16": Shape(32, 3, 16, 16),
    "conv3x3_16x16x32_32": Shape(16, 3, 32, 32),
    "conv3x3_8x8x64_64": Shape(8, 3, 64, 64),
    "conv3x3_first_3_16": Shape(32, 3, 3, 16),
    "conv1x1_64_64": Shape(12, 1, 64, 64),
    "conv1x1_64_128": Shape(6, 1, 64, 128),
    "conv1x1_128_128": Shape(6, 1, 128, 128),
    "conv1x1_8_16": Shape(48, 1, 8, 16),
    "depthwise3x3_24x24x32": Shape(24, 3, 32, 32, depthwise=True),
    "depthwise3x3_48x48x8": Shape(48, 3, 8, 8, depthwise=True),
}
"""Layers of the networks, by the names that peers_cortex_m.json gives them."""
