"""The float model while it is built: stored values, their layouts, folded constants."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.size import check_size
from cnnc.ir.finite import all_finite
from cnnc.ir.float_model import FloatNode
from cnnc.ir.names import unique_name
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, AnyArray, ElementType, Quantization, Shape, Tensor
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose


@dataclass(frozen=True)
class StoredValue:
    """Where an ONNX tensor lives in the float model.

    Attributes:
        key: Name in ``GraphBuilder.shapes``.
        axes: Axis k in memory is ONNX axis ``axes[k]``.
    """

    key: str
    axes: tuple[int, ...]


def stored_type(array: AnyArray) -> ElementType:
    """Return the type that a constant is stored as."""
    names = {"int64": ElementType.INT32, "bool": ElementType.UINT8, "uint64": ElementType.UINT32}
    name = array.dtype.name
    known = {kind.value: kind for kind in ElementType}
    return names.get(name) or known.get(name, ElementType.FLOAT32)


def _integers(key: str, array: AnyArray, kind: ElementType) -> Tensor:
    stored: Tensor = np.asarray(array, order="C").astype(kind.numpy)
    if not np.array_equal(stored, array):
        raise UnsupportedAttributeError(
            f"constant '{key}' holds {array.dtype.name} numbers beyond {kind.value}"
        )
    return stored


def onnx_order(rank: int) -> tuple[int, ...]:
    """Return the axes of a tensor that is stored as ONNX has it."""
    return tuple(range(rank))


def channel_last(rank: int) -> tuple[int, ...]:
    """Return the axes of a channel-last tensor: (0, 2, 3, 1) for NCHW; rank <= 2 as is."""
    return onnx_order(rank) if rank <= 2 else (0, *range(2, rank), 1)


@dataclass
class GraphBuilder:
    """Collects nodes in order; every method keeps shapes and layouts up to date.

    Attributes:
        nodes: Nodes so far, topological order.
        constants: Operands that are not weights of an op, storage order.
        shapes: Storage shape of every input, constant and value.
        types: Element type of those that are not float32.
        stored: ONNX tensor name -> where it lives, for activations.
        folded: ONNX tensor name -> array in ONNX order, for everything known at compile time.
        scales: Folded tensor that was made of symmetric 8-bit integers -> scale of each element.
        asymmetric: Folded tensors that were made of 8-bit integers around another zero point.
        quantized: Stored tensor that the model holds as integers -> their format; None where they
            have more than 8 bits.
    """

    nodes: list[FloatNode] = field(default_factory=list)
    constants: dict[str, Tensor] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    types: dict[str, ElementType] = field(default_factory=dict)
    stored: dict[str, StoredValue] = field(default_factory=dict)
    folded: dict[str, AnyArray] = field(default_factory=dict)
    scales: dict[str, F32] = field(default_factory=dict)
    asymmetric: set[str] = field(default_factory=set)
    quantized: dict[str, Quantization | None] = field(default_factory=dict)

    def onnx_shape(self, name: str) -> Shape:
        """Return the shape of an ONNX tensor, in ONNX axis order."""
        if name in self.folded:
            return self.folded[name].shape
        value = self.stored[name]
        shape = self.shapes[value.key]
        return tuple(shape[value.axes.index(axis)] for axis in range(len(shape)))

    def element_type(self, key: str) -> ElementType:
        """Return the element type of a stored value."""
        return self.types.get(key, ElementType.FLOAT32)

    def append(
        self, name: str, op: FloatOp, inputs: Sequence[str], key: str, sources: tuple[str, ...]
    ) -> str:
        """Add a node that defines ``key``; both names are made unique. Returns the key used.

        Raises:
            UnsupportedAttributeError: The operator refuses the shapes, or the result is too large.
        """
        unique_key = unique_name(key, self.shapes)
        label = unique_name(name, {node.name for node in self.nodes})
        shape = op.output_shape([self.shapes[i] for i in inputs])
        check_size(shape)
        self.shapes[unique_key] = shape
        kind = op.output_type([self.element_type(i) for i in inputs])
        if kind is not ElementType.FLOAT32:
            self.types[unique_key] = kind
        self.nodes.append(FloatNode(label, op, tuple(inputs), unique_key, sources))
        return unique_key

    def add_constant(self, key: str, array: AnyArray) -> str:
        """Add an operand in storage order; returns its unique key.

        Real numbers become float32, int64 becomes int32 and bool a byte that is 0 or 1.

        Raises:
            UnsupportedAttributeError: It holds NaN, infinity, or an integer beyond int32.
        """
        unique = unique_name(key, self.shapes)
        kind = stored_type(array)
        if kind is not ElementType.FLOAT32:
            self.constants[unique] = _integers(key, array, kind)
            self.shapes[unique], self.types[unique] = array.shape, kind
            return unique
        with np.errstate(over="ignore"):
            # Not ascontiguousarray, which gives a scalar an axis.
            real = np.asarray(array, dtype=np.float32, order="C")
        if not all_finite(real):
            raise UnsupportedAttributeError(f"constant '{key}' holds NaN or infinity")
        self.constants[unique] = real
        self.shapes[unique] = real.shape
        return unique

    def in_axes(self, value: StoredValue, axes: tuple[int, ...]) -> str:
        """Return the key of the value stored with these axes, transposing if bytes must move."""
        if value.axes == axes:
            return value.key
        permutation = tuple(value.axes.index(axis) for axis in axes)
        shape = self.shapes[value.key]
        target = tuple(shape[axis] for axis in permutation)
        moved = [axis for axis in permutation if shape[axis] != 1]
        # Axes of size 1 can go anywhere without moving a byte.
        op: FloatOp = Reshape(target) if moved == sorted(moved) else Transpose(permutation)
        label = f"{value.key}:{''.join(map(str, axes))}"
        return self.append(label, op, [value.key], label, ())
