"""The int8 network while it is read from a .tflite file."""

from dataclasses import dataclass, field

import numpy as np

from cnnc.codegen.tflite_file import TensorRecord
from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.size import check_size
from cnnc.importer.tflite.file import TfliteFile
from cnnc.ir.quant_model import QuantNode, QuantValue
from cnnc.ir.types import INT8_MAX, INT8_MIN, AnyArray, ElementType, Quantization, Rounding

INTEGERS = ("int32", "int64")
"""Element types of indices and counts."""


@dataclass(eq=False)
class TfliteGraphBuilder:
    """Nodes, values and constants so far.

    Attributes:
        file: Where everything comes from.
        rounding: How accumulators are scaled.
        keys: Tensor index -> key of the value that holds it; the tensor's name, unless it is the
            same value as another one.
        values: Shape and format by key.
        constants: int8 constant operands by key.
        nodes: In execution order.
        inputs: Tensor index of a graph input -> key of the int8 value that it becomes.
        outputs: Tensor index of a graph output that is not int8 -> key of the value behind it.
    """

    file: TfliteFile
    rounding: Rounding
    keys: dict[int, str] = field(default_factory=dict)
    values: dict[str, QuantValue] = field(default_factory=dict)
    constants: dict[str, AnyArray] = field(default_factory=dict)
    nodes: list[QuantNode] = field(default_factory=list)
    inputs: dict[int, str] = field(default_factory=dict)
    outputs: dict[int, str] = field(default_factory=dict)

    def define(self, index: int, value: QuantValue) -> str:
        """Make a tensor a value of its own; returns its key."""
        key = self.file.tensors[index].name
        self.keys[index] = key
        self.values[key] = value
        return key

    def operand(self, index: int) -> str:
        """Return the key of an int8 tensor that an operator reads.

        Raises:
            UnsupportedAttributeError: Nothing computes it, or it is no int8 tensor.
        """
        if index in self.keys:
            return self.keys[index]
        record = self.file.tensors[index]
        value = quant_value(record)
        if record.data is None:
            raise UnsupportedAttributeError(f"nothing computes operand '{record.name}'")
        self.constants[record.name] = np.array(record.data, order="C")
        return self.define(index, value)

    def unique(self, key: str) -> str:
        """Return a key that no tensor and no value has."""
        taken = {record.name for record in self.file.tensors}
        while key in taken or key in self.values:
            key += "_"
        return key


def quant_value(record: TensorRecord) -> QuantValue:
    """Return shape and format of an int8 tensor with one scale.

    Raises:
        UnsupportedAttributeError: It is of another type, quantized per channel, or too large.
    """
    check_size(record.shape)
    if record.element_type != "int8" or len(record.scales) != 1:
        scales = f" with {len(record.scales)} scales" if record.element_type == "int8" else ""
        raise UnsupportedAttributeError(
            f"tensor '{record.name}' is {record.element_type}{scales}; only int8 with one scale "
            "is supported"
        )
    if not is_scale(record.scales[0]) or not INT8_MIN <= record.zero_point <= INT8_MAX:
        raise UnsupportedAttributeError(
            f"tensor '{record.name}' has scale {record.scales[0]} and zero point "
            f"{record.zero_point}, which is no int8 format"
        )
    return QuantValue(record.shape, Quantization(record.scales[0], record.zero_point))


def stored_value(record: TensorRecord) -> QuantValue:
    """Return shape and format of an int8 tensor; one of computed integers is stored as int32.

    Raises:
        UnsupportedAttributeError: It is of another type, quantized per channel, or too large.
    """
    if record.data is None and record.element_type in INTEGERS and not record.scales:
        return QuantValue(record.shape, None, ElementType.INT32)
    return quant_value(record)


def is_scale(scale: float) -> bool:
    """Return whether a number is a positive finite scale."""
    return bool(np.isfinite(scale)) and scale > 0.0
