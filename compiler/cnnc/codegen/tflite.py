"""Write the quantized graph as a .tflite flatbuffer, operator by operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import AnyArray, Quantization, Shape


class NotExpressibleError(Exception):
    """TFLite has no operator with exactly this integer rule; the text says why."""


@dataclass(frozen=True)
class TfliteOperands:
    """Tensors around the op that is being exported.

    Attributes:
        inputs: Tensor index of each operand.
        input_values: Shape and format of each operand.
        output: Tensor index of the result; the export must define it.
        output_value: Shape and format of the result.
    """

    inputs: tuple[int, ...]
    input_values: tuple[QuantValue, ...]
    output: int
    output_value: QuantValue


@dataclass(frozen=True)
class TfliteOptions:
    """Builtin options of one operator.

    Attributes:
        table: Name of the flatbuffer table, e.g. ``Conv2DOptions``.
        fields: Scalar fields by their name in the Python binding's setter, e.g.
            ``{"StrideH": 2, "Padding": 1}`` for ``Conv2DOptionsAddStrideH``. Enums as integers.
    """

    table: str
    fields: Mapping[str, int | float | bool]


class TfliteGraph:
    """One subgraph under construction."""

    def intermediate(self, shape: Shape, quantization: Quantization) -> int:
        """Add an int8 activation that is not a value of the model; returns its tensor index."""
        raise NotImplementedError

    def constant(
        self,
        array: AnyArray,
        scales: Sequence[float] = (),
        zero_point: int = 0,
        quantized_axis: int = 0,
    ) -> int:
        """Add a constant tensor; returns its tensor index.

        Args:
            array: int8, int32 or uint8; the shape is the tensor's.
            scales: None, one, or one per element of ``quantized_axis``.
            zero_point: The same for all scales.
            quantized_axis: Axis of per-channel scales.
        """
        raise NotImplementedError

    def operator(
        self,
        code: str,
        inputs: Sequence[int],
        output: int,
        options: TfliteOptions | None = None,
        version: int = 1,
    ) -> None:
        """Add one operator; ``code`` is a name of ``tflite.BuiltinOperator``, e.g. ``CONV_2D``."""
        raise NotImplementedError

    def reshape(self, source: int, shape: Shape, output: int) -> None:
        """Add RESHAPE."""
        raise NotImplementedError
