"""Small hand-made integer models for the tests of the gate, the text and the integer passes."""

import numpy as np

from cnnc.ir.float_model import Port
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import I8, AnyArray, Quantization, Shape
from cnnc.ops.requantize import requantize

FORMAT = Quantization(0.5, 3)
OTHER = Quantization(0.25, -7)


class IntegerNetwork:
    """An integer model under construction; values are called v0, v1, ... after nodes n0, n1."""

    def __init__(self, shape: Shape, quantization: Quantization = FORMAT) -> None:
        self._values = {"x": QuantValue(shape, quantization)}
        self._nodes: list[QuantNode] = []
        self._constants: dict[str, AnyArray] = {}

    def add(self, op: QuantOp, quantization: Quantization, *inputs: str) -> str:
        """Add a node; returns the value that it defines."""
        name = f"v{len(self._nodes)}"
        shape = op.output_shape([self._values[value].shape for value in inputs])
        self._values[name] = QuantValue(shape, quantization)
        self._nodes.append(QuantNode(f"n{len(self._nodes)}", op, inputs, name, ("onnx",)))
        return name

    def shape(self, value: str) -> Shape:
        """Return the shape of a value."""
        return self._values[value].shape

    def requantize(self, target: Quantization, value: str) -> str:
        """Add a requantize of a value; returns the result."""
        source = self._values[value].quantization
        return self.add(requantize(source, target, "double"), target, value)

    def constant(self, array: AnyArray, quantization: Quantization = FORMAT) -> str:
        """Add a constant operand; returns its name."""
        name = f"k{len(self._constants)}"
        self._constants[name] = array
        self._values[name] = QuantValue(array.shape, quantization)
        return name

    def model(self, *outputs: str) -> QuantModel:
        """Return the model with these values as outputs."""
        return QuantModel(
            name="network",
            rounding="double",
            inputs=(_port("x", self._values["x"].shape),),
            outputs=tuple(_port(name, self._values[name].shape) for name in outputs),
            nodes=tuple(self._nodes),
            constants=self._constants,
            values=self._values,
        )


def random_int8(seed: int, *shape: int) -> I8:
    """Return uniform int8 values, the same for the same seed."""
    return np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)


def _port(name: str, shape: Shape) -> Port:
    return Port(name, name, shape, tuple(range(len(shape))))
