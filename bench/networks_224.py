"""MobileNetV1, MobileNetV2 and ResNet-18 for 224x224 pictures, as ONNX files with seeded weights.

Speed and size do not depend on what weights are, so theirs are drawn: He normal (He et al.,
"Delving Deep into Rectifiers", 2015, section 2.2), with batch normalization taken as folded
already. The shapes are those of the papers: Howard et al., "MobileNets" (2017), table 1; Sandler
et al., "MobileNetV2" (2018), table 2; He et al., "Deep Residual Learning" (2015), table 1. Padding
is as PyTorch has it, half the kernel on each side.

Run from the checkout: ``python -m bench.networks_224 FOLDER`` writes all three.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console

from cnnc.ir.types import F32, Shape

PIXELS, CLASSES = 224, 1000
SEED = 224
OPSET, IR_VERSION = 17, 8

# Strides and output channels of the separable blocks.
_MOBILENET_V1 = (
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    *((1, 512),) * 5,
    (2, 1024),
    (1, 1024),
)
# Expansion, output channels, repeats, stride of the first.
_MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# Channels and stride of each pair of blocks.
_RESNET_18 = ((64, 1), (128, 2), (256, 2), (512, 2))


def write_networks(folder: Path, names: Sequence[str] | None = None) -> dict[str, Path]:
    """Write networks as ``<name>.onnx``; the same bytes every time.

    Args:
        folder: Exists; where the files go.
        names: Some of ``NETWORKS_224``, all by default.

    Returns:
        The path of each by name.
    """
    return {name: NETWORKS_224[name](folder / f"{name}.onnx") for name in names or NETWORKS_224}


def write_mobilenet_v1(path: Path) -> Path:
    """Write MobileNet 1.0 with ReLU6; returns the path."""
    net = _Network.start("mobilenet_v1")
    value = net.conv("image", 3, 32, _Window(3, 2), "relu6")
    channels = 32
    for stride, outputs in _MOBILENET_V1:
        value = net.conv(value, channels, channels, _Window(3, stride, channels), "relu6")
        value = net.conv(value, channels, outputs, _POINT, "relu6")
        channels = outputs
    return net.write(path, value, channels)


def write_mobilenet_v2(path: Path) -> Path:
    """Write MobileNetV2 1.0; returns the path."""
    net = _Network.start("mobilenet_v2")
    value = net.conv("image", 3, 32, _Window(3, 2), "relu6")
    channels = 32
    for expansion, outputs, repeats, first_stride in _MOBILENET_V2:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            value = _inverted_residual(net, value, channels, outputs, expansion, stride)
            channels = outputs
    value = net.conv(value, channels, 1280, _POINT, "relu6")
    return net.write(path, value, 1280)


def write_resnet_18(path: Path) -> Path:
    """Write ResNet-18; returns the path."""
    net = _Network.start("resnet_18")
    value = net.conv("image", 3, 64, _Window(7, 2), "relu")
    value = net.node("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for outputs, first_stride in _RESNET_18:
        for stride in (first_stride, 1):
            value = _residual(net, value, channels, outputs, stride)
            channels = outputs
    return net.write(path, value, channels)


NETWORKS_224: dict[str, Callable[[Path], Path]] = {
    "MBv2_224": write_mobilenet_v2,
    "MBv1_224": write_mobilenet_v1,
    "ResNet18": write_resnet_18,
}
"""Writer of each network."""


def _inverted_residual(
    net: "_Network", value: str, channels: int, outputs: int, expansion: int, stride: int
) -> str:
    wide = channels * expansion
    inner = value
    if expansion > 1:
        inner = net.conv(inner, channels, wide, _POINT, "relu6")
    inner = net.conv(inner, wide, wide, _Window(3, stride, wide), "relu6")
    inner = net.conv(inner, wide, outputs, _POINT)
    return net.node("Add", [value, inner]) if stride == 1 and channels == outputs else inner


def _residual(net: "_Network", value: str, channels: int, outputs: int, stride: int) -> str:
    inner = net.conv(value, channels, outputs, _Window(3, stride), "relu")
    inner = net.conv(inner, outputs, outputs, _Window(3))
    if stride > 1 or channels != outputs:
        value = net.conv(value, channels, outputs, _Window(1, stride))
    return net.node("Relu", [net.node("Add", [value, inner])])


@dataclass(frozen=True)
class _Window:
    """Square, padded by half of it on each side."""

    kernel: int
    stride: int = 1
    groups: int = 1


_POINT = _Window(1)


@dataclass(frozen=True)
class _Network:
    """Nodes and weights so far; each node's result is named by its number."""

    name: str
    generator: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list[onnx.NodeProto])
    weights: list[onnx.TensorProto] = field(default_factory=list[onnx.TensorProto])

    @classmethod
    def start(cls, name: str) -> "_Network":
        return cls(name, np.random.default_rng(SEED))

    def node(self, kind: str, inputs: Sequence[str], **attributes: int | Sequence[int]) -> str:
        result = f"v{len(self.nodes)}"
        node = helper.make_node(kind, list(inputs), [result], result)
        node.attribute.extend(helper.make_attribute(key, attributes[key]) for key in attributes)
        self.nodes.append(node)
        return result

    def conv(
        self,
        value: str,
        channels: int,
        outputs: int,
        window: "_Window",
        activation: str = "",
    ) -> str:
        """Add a convolution and perhaps ``relu`` or ``relu6``; return the result's name."""
        weight = self._draw((outputs, channels // window.groups, window.kernel, window.kernel))
        bias = self._add(0.1 * self.generator.standard_normal(outputs, np.float32))
        result = self.node(
            "Conv",
            [value, weight, bias],
            group=window.groups,
            kernel_shape=[window.kernel] * 2,
            strides=[window.stride] * 2,
            pads=[window.kernel // 2] * 4,
        )
        if activation == "relu6":
            limits = [self._add(np.array(limit, np.float32)) for limit in (0.0, 6.0)]
            return self.node("Clip", [result, *limits])
        return self.node("Relu", [result]) if activation else result

    def write(self, path: Path, value: str, channels: int) -> Path:
        """Add global pooling and the classifier, and write all."""
        pooled = self.node("GlobalAveragePool", [value])
        flat = self.node("Flatten", [pooled])
        weight = self._draw((CLASSES, channels))
        bias = self._add(0.1 * self.generator.standard_normal(CLASSES, np.float32))
        scores = self.node("Gemm", [flat, weight, bias], transB=1)
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, PIXELS, PIXELS])
        result = helper.make_tensor_value_info(scores, TensorProto.FLOAT, [1, CLASSES])
        graph = helper.make_graph(self.nodes, self.name, [image], [result], self.weights)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model)
        onnx.save_model(model, str(path))
        return path

    def _draw(self, shape: Shape) -> str:
        deviation = np.float32(math.sqrt(2.0 / math.prod(shape[1:])))
        return self._add(deviation * self.generator.standard_normal(shape, np.float32))

    def _add(self, array: F32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name


def main() -> None:
    """Write all networks into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    for path in write_networks(folder).values():
        console.print(str(path), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
