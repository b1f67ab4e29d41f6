"""What an operator's reader sees of one ONNX node, and how it adds to the float model."""

from collections.abc import Sequence
from typing import Any

import onnx

from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.builder import (
    GraphBuilder,
    StoredValue,
    channel_last,
    onnx_order,
    stored_type,
)
from cnnc.ir.finite import all_finite, has_nan
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, AnyArray, ElementType, Quantization, Shape
from cnnc.ops.reshape import Reshape


class NodeReader:
    """One ONNX node with typed access to attributes and operands.

    Every attribute must be read (or listed in ``ignore``): ``unread_attributes`` names those that
    were not, and the importer refuses the node, so that no meaning is dropped in silence.
    All methods raise ``UnsupportedAttributeError`` with a reason; the importer adds the node.

    Attributes:
        name: Name of the node, never empty.
        op_type: ONNX operator type.
        opset: Version of the operator's domain in this model.
    """

    def __init__(self, node: onnx.NodeProto, name: str, opset: int, builder: GraphBuilder) -> None:
        self.name = name
        self.op_type: str = node.op_type
        self.opset = opset
        self._inputs: list[str] = list(node.input)
        self._outputs: list[str] = list(node.output)
        self._attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        self._read: set[str] = set()
        self._builder = builder

    # Attributes

    def int_attribute(self, name: str, default: int) -> int:
        """Return an integer attribute."""
        return int(self._attribute(name, default))

    def float_attribute(self, name: str, default: float) -> float:
        """Return a float attribute."""
        return float(self._attribute(name, default))

    def string_attribute(self, name: str, default: str) -> str:
        """Return a string attribute."""
        value = self._attribute(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    def ints_attribute(self, name: str) -> tuple[int, ...] | None:
        """Return a list attribute; None where it is absent."""
        value = self._attribute(name, None)
        return None if value is None else tuple(int(item) for item in value)

    def floats_attribute(self, name: str) -> tuple[float, ...] | None:
        """Return a list attribute; None where it is absent."""
        value = self._attribute(name, None)
        return None if value is None else tuple(float(item) for item in value)

    def ignore(self, *names: str) -> None:
        """Declare attributes that do not matter for inference."""
        self._read.update(names)

    def unread_attributes(self) -> list[str]:
        """Return the attributes that nobody asked for."""
        return sorted(set(self._attributes) - self._read)

    def _attribute(self, name: str, default: object) -> Any:  # noqa: ANN401 (any ONNX type)
        self._read.add(name)
        return self._attributes.get(name, default)

    # Operands

    @property
    def input_count(self) -> int:
        """Number of operands, absent trailing ones not counted."""
        return len(self._inputs)

    @property
    def output_count(self) -> int:
        """Number of results that somebody may use."""
        return sum(1 for name in self._outputs if name)

    @property
    def result_count(self) -> int:
        """Number of results, those that nobody can use included."""
        return len(self._outputs)

    def has_output(self, index: int) -> bool:
        """Whether a result has a name, so that somebody may use it."""
        return index < len(self._outputs) and self._outputs[index] != ""

    def has_input(self, index: int) -> bool:
        """Whether an optional operand is given."""
        return index < len(self._inputs) and self._inputs[index] != ""

    def input_name(self, index: int) -> str:
        """Return the ONNX name of an operand."""
        return self._inputs[index]

    def is_constant(self, index: int) -> bool:
        """Whether an operand is known at compile time."""
        return self._inputs[index] in self._builder.folded

    def constant(self, index: int, role: str, allow_infinite: bool = False) -> AnyArray:
        """Return a constant operand in ONNX order; ``role`` names it in the error."""
        name = self._given(index, role)
        if name not in self._builder.folded:
            raise UnsupportedAttributeError(
                f"{role} (input {index}, '{name}') must be a constant, not computed at run time",
                "export the model with constant folding and static shapes, so that these values "
                "are stored in the file",
            )
        array = self._builder.folded[name]
        faulty = has_nan if allow_infinite else _is_not_finite
        if array.dtype.kind == "f" and faulty(array):
            raise UnsupportedAttributeError(f"{role} '{name}' hold NaN or infinity")
        return array

    def _given(self, index: int, role: str = "operand") -> str:
        if not self.has_input(index):
            raise UnsupportedAttributeError(f"{role} (input {index}) is missing")
        return self._inputs[index]

    def element_type(self, index: int) -> ElementType:
        """Return the element type of an operand as it is stored; e.g. int32 for int64."""
        name = self._given(index)
        if name in self._builder.folded:
            return stored_type(self._builder.folded[name])
        return self._builder.element_type(self._builder.stored[name].key)

    def onnx_shape(self, index: int) -> Shape:
        """Return an operand's shape in ONNX axis order."""
        return self._builder.onnx_shape(self._given(index))

    def shape(self, key: str) -> Shape:
        """Return the shape of a value as it is stored."""
        return self._builder.shapes[key]

    def stored(self, index: int) -> StoredValue:
        """Return an activation as it is stored; a constant becomes one in ONNX order."""
        name = self._given(index)
        if name in self._builder.folded:
            array = self._builder.folded[name]
            return StoredValue(self._builder.add_constant(name, array), onnx_order(array.ndim))
        return self._builder.stored[name]

    def channel_last(self, index: int) -> str:
        """Return the key of an activation in channel-last order, transposed if need be."""
        value = self.stored(index)
        return self._builder.in_axes(value, channel_last(len(value.axes)))

    def in_onnx_order(self, index: int) -> str:
        """Return the key of an activation in ONNX order, transposed if need be."""
        value = self.stored(index)
        return self._builder.in_axes(value, onnx_order(len(value.axes)))

    def in_axes(self, index: int, axes: tuple[int, ...]) -> str:
        """Return the key of an activation stored with these axes, transposed if need be."""
        return self._builder.in_axes(self.stored(index), axes)

    def aligned(self, indices: Sequence[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Bring operands that broadcast together to one rank and one layout.

        The layout is that of the first activation of full rank. Operands of lower rank and
        constants get leading axes of size 1, as ONNX broadcasting does.

        Returns:
            Keys of the operands, and the axes that all of them (and the result) are stored in.
        """
        rank = max(len(self.onnx_shape(index)) for index in indices)
        axes = self._leading_axes(indices, rank)
        return tuple(self._aligned_operand(index, rank, axes) for index in indices), axes

    def _leading_axes(self, indices: Sequence[int], rank: int) -> tuple[int, ...]:
        for index in indices:
            if not self.is_constant(index) and len(self.onnx_shape(index)) == rank:
                return self.stored(index).axes
        return onnx_order(rank)

    def _aligned_operand(self, index: int, rank: int, axes: tuple[int, ...]) -> str:
        shape = self.onnx_shape(index)
        return self.reshaped(index, (1,) * (rank - len(shape)) + shape, axes)

    def reshaped(self, index: int, shape: Shape, axes: tuple[int, ...]) -> str:
        """Return the key of an operand that is given another ONNX shape.

        Args:
            index: Which operand, an activation or a constant.
            shape: As many elements as the operand has.
            axes: How the result is stored: axis k in memory is axis ``axes[k]`` of ``shape``.
        """
        if self.is_constant(index):
            array = self.constant(index, "operand").reshape(shape)
            return self._builder.add_constant(self._inputs[index], array.transpose(axes))
        if self.onnx_shape(index) == shape:
            return self.in_axes(index, axes)
        key = self.emit(Reshape(shape), [self.in_onnx_order(index)], suffix="broadcast")
        return self._builder.in_axes(StoredValue(key, onnx_order(len(shape))), axes)

    def scales(self, index: int) -> F32 | None:
        """Return the scale of each element of a constant that was symmetric int8, ONNX order."""
        return self._builder.scales.get(self._given(index))

    def is_asymmetric(self, index: int) -> bool:
        """Whether a constant was 8-bit integers whose zero point is not in their middle."""
        return self._given(index) in self._builder.asymmetric

    def is_quantized(self, index: int) -> bool:
        """Whether an operand is the integer result of a QuantizeLinear."""
        return self._given(index) in self._builder.quantized

    def quantized(self, index: int) -> Quantization | None:
        """Return the format of an integer operand; None where it has more than 8 bits.

        Raises:
            UnsupportedAttributeError: It does not come from a QuantizeLinear.
        """
        name = self._given(index)
        if name not in self._builder.quantized:
            raise UnsupportedAttributeError(
                f"its operand '{name}' is not the result of a QuantizeLinear",
                "give the model inputs of float32 that a QuantizeLinear reads, of int8 or of uint8",
            )
        return self._builder.quantized[name]

    # Results

    def define_quantized(
        self, key: str, axes: tuple[int, ...], format_: Quantization | None
    ) -> None:
        """Say where the reals live that the node's integer result stands for."""
        self.define(key, axes)
        self._builder.quantized[self._outputs[0]] = format_

    def emit(self, op: FloatOp, inputs: Sequence[str], suffix: str = "", output: int = 0) -> str:
        """Add an op of this node; returns the key of its result.

        Args:
            op: The operator.
            inputs: Keys of its operands.
            suffix: Makes another label and key than the node's and its result's.
            output: Index of the node's result that the op computes, or leads to.
        """
        label = f"{self.name}/{suffix}" if suffix else self.name
        result = next((name for name in self._outputs[output:] if name), self.name)
        key = result if not suffix else f"{result}:{suffix}"
        return self._builder.append(label, op, inputs, key, (self.name,))

    def add_constant(self, role: str, array: AnyArray) -> str:
        """Add a constant operand in storage order; returns its key."""
        return self._builder.add_constant(f"{self.name}:{role}", array)

    def define_constant(self, array: AnyArray, output: int) -> None:
        """Say that a result is known at compile time; nothing is added where nobody can use it."""
        if self.has_output(output):
            self._builder.folded[self._outputs[output]] = array

    def define(self, key: str, axes: tuple[int, ...], output: int = 0) -> None:
        """Say where a result of this node lives; several results may share a key."""
        self._builder.stored[self._outputs[output]] = StoredValue(key, axes)

    def define_channel_last(self, key: str, output: int = 0) -> None:
        """Say that a result is stored channel-last."""
        self.define(key, channel_last(len(self._builder.shapes[key])), output)

    def define_onnx_order(self, key: str, output: int = 0) -> None:
        """Say that a result is stored in ONNX order."""
        self.define(key, onnx_order(len(self._builder.shapes[key])), output)


def _is_not_finite(array: AnyArray) -> bool:
    return not all_finite(array)
