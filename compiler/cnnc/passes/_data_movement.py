"""Reshape and Transpose seen as one thing: the order in which the elements of a value arrive.

A chain of them is fully described by its last shape and by ``flat_order``: element i of the result
(row-major) is element ``flat_order[i]`` of the operand.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnc.ir.float_model import FloatNode
from cnnc.ir.op import FloatOp
from cnnc.ir.types import I64, AnyArray, Shape, elements
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes._editor import FloatEditor


@dataclass(frozen=True, eq=False)
class MovedValue:
    """A value and the chain of Reshapes and Transposes that brings it to a reader.

    Attributes:
        value: What the chain starts from.
        nodes: The chain in graph order; may be empty.
    """

    value: str
    nodes: tuple[FloatNode, ...]

    def move(self, array: AnyArray) -> AnyArray:
        """Apply the chain to an array of the value's shape (no sample axis)."""
        for node in self.nodes:
            array = move(node.op, array)
        return array

    def flat_order(self, shape: Shape) -> I64:
        """Return, per element of the result, its index in the value; the result's shape.

        Args:
            shape: Shape of the value.
        """
        indices: I64 = np.arange(elements(shape)).reshape(shape)
        return self.move(indices).astype(np.int64)


def is_movement(op: FloatOp) -> bool:
    """Return whether the op only moves elements."""
    return isinstance(op, (Reshape, Transpose))


def move(op: FloatOp, array: AnyArray) -> AnyArray:
    """Apply a Reshape or Transpose to an array without sample axis, of any type."""
    if isinstance(op, Reshape):
        return array.reshape(op.shape)
    if isinstance(op, Transpose):
        return array.transpose(op.permutation)
    raise TypeError(f"{op.kind} does more than move elements")


def trace_back(editor: FloatEditor, value: str, accept: Callable[[FloatNode], bool]) -> MovedValue:
    """Walk from a value up to where its chain of accepted Reshapes and Transposes starts.

    Args:
        editor: The model.
        value: Where to start.
        accept: Whether to walk past a node that only moves elements.
    """
    nodes: list[FloatNode] = []
    while True:
        node = editor.producer(value)
        if node is None or not is_movement(node.op) or not accept(node):
            return MovedValue(value, tuple(reversed(nodes)))
        nodes.append(node)
        value = node.inputs[0]
