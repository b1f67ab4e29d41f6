"""The bytes of a .tflite file: tensors and operators laid out as a flatbuffer, schema version 3.

Source: the flatbuffer schema of TFLite, version 3, through the Python binding ``tflite``. The same
graph always gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite

from cnnc.errors import InternalError
from cnnc.ir.types import AnyArray, Shape

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
BUFFER_ALIGNMENT = 16
"""Bytes; the runtimes map constants in place and expect them this far aligned."""

_LARGEST_OLD_CODE = 127
"""The first code field of the schema is an int8; larger codes live in a second field."""

_ELEMENT_TYPES = {"int8": "INT8", "int32": "INT32", "uint8": "UINT8", "int16": "INT16"}


@dataclass(frozen=True)
class TfliteOptions:
    """Builtin options of one operator.

    Attributes:
        table: Name of the flatbuffer table, e.g. ``Conv2DOptions``.
        fields: Fields by their name in the Python binding's setter, e.g.
            ``{"StrideH": 2, "Padding": 1}`` for ``Conv2DOptionsAddStrideH``. Enums as integers;
            a tuple for a field that is a vector of int32.
    """

    table: str
    fields: Mapping[str, int | float | bool | tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class TensorRecord:
    """One tensor of the file.

    Attributes:
        name: For readers of the file; nothing depends on it.
        shape: Extents; () for a scalar.
        element_type: NumPy's name, e.g. ``int8``.
        scales: None, one, or one per element of ``quantized_axis``.
        zero_point: The same for all scales.
        quantized_axis: Axis of per-channel scales.
        data: Contents of a constant, None for an activation.
    """

    name: str
    shape: Shape
    element_type: str
    scales: tuple[float, ...] = ()
    zero_point: int = 0
    quantized_axis: int = 0
    data: AnyArray | None = None


@dataclass(frozen=True)
class OperatorRecord:
    """One operator of the file.

    Attributes:
        code: Name in ``tflite.BuiltinOperator``, e.g. ``CONV_2D``.
        version: Version of the operator that has the features used.
        inputs: Tensor indices; -1 for an optional operand that is absent.
        outputs: Tensor indices.
        options: Builtin options, if the operator has any.
    """

    code: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: TfliteOptions | None


def write_file(
    tensors: Sequence[TensorRecord],
    operators: Sequence[OperatorRecord],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> bytes:
    """Return the file with one subgraph.

    Args:
        tensors: All tensors; their position is the tensor index.
        operators: In execution order.
        inputs: Tensor indices of the subgraph's inputs.
        outputs: Tensor indices of the subgraph's outputs.
    """
    return _FileWriter().write(tensors, operators, inputs, outputs)


class _FileWriter:
    """One file under construction; a flatbuffer is written leaves first."""

    def __init__(self) -> None:
        self._builder: Any = flatbuffers.Builder(1 << 16)
        self._buffers: list[bytes] = [b""]
        self._buffer_index: dict[bytes, int] = {b"": 0}

    def write(
        self,
        tensors: Sequence[TensorRecord],
        operators: Sequence[OperatorRecord],
        inputs: Sequence[int],
        outputs: Sequence[int],
    ) -> bytes:
        codes = list(dict.fromkeys((record.code, record.version) for record in operators))
        code_vector = self._tables([self._operator_code(*code) for code in codes])
        tensor_vector = self._tables([self._tensor(record) for record in tensors])
        operator_vector = self._tables(
            [
                self._operator(record, codes.index((record.code, record.version)))
                for record in operators
            ]
        )
        subgraph = self._subgraph(tensor_vector, operator_vector, inputs, outputs)
        subgraph_vector = self._tables([subgraph])
        buffer_vector = self._tables([self._buffer(data) for data in self._buffers])
        description = self._builder.CreateString("cnnc")
        tflite.ModelStart(self._builder)
        tflite.ModelAddVersion(self._builder, SCHEMA_VERSION)
        tflite.ModelAddOperatorCodes(self._builder, code_vector)
        tflite.ModelAddSubgraphs(self._builder, subgraph_vector)
        tflite.ModelAddDescription(self._builder, description)
        tflite.ModelAddBuffers(self._builder, buffer_vector)
        self._builder.Finish(tflite.ModelEnd(self._builder), FILE_IDENTIFIER)
        return bytes(self._builder.Output())

    def _tables(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def _vector(self, values: Sequence[int] | Sequence[float], element_type: type[Any]) -> int:
        return int(self._builder.CreateNumpyVector(np.asarray(values, dtype=element_type)))

    def _operator_code(self, code: str, version: int) -> int:
        number = int(getattr(tflite.BuiltinOperator, code))
        tflite.OperatorCodeStart(self._builder)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self._builder, min(number, _LARGEST_OLD_CODE))
        tflite.OperatorCodeAddVersion(self._builder, version)
        tflite.OperatorCodeAddBuiltinCode(self._builder, number)
        return int(tflite.OperatorCodeEnd(self._builder))

    def _tensor(self, record: TensorRecord) -> int:
        name = self._builder.CreateString(record.name)
        shape = self._vector(record.shape, np.int32)
        quantization = self._quantization(record)
        tflite.TensorStart(self._builder)
        tflite.TensorAddShape(self._builder, shape)
        element_type = _ELEMENT_TYPES[record.element_type]
        tflite.TensorAddType(self._builder, getattr(tflite.TensorType, element_type))
        tflite.TensorAddBuffer(self._builder, self._buffer_of(record.data))
        tflite.TensorAddName(self._builder, name)
        if quantization is not None:
            tflite.TensorAddQuantization(self._builder, quantization)
        # Without it a reader takes an empty shape for "rank unknown" rather than a scalar.
        tflite.TensorAddHasRank(self._builder, True)
        return int(tflite.TensorEnd(self._builder))

    def _quantization(self, record: TensorRecord) -> int | None:
        if not record.scales:
            return None
        scales = self._vector(record.scales, np.float32)
        zero_points = self._vector([record.zero_point] * len(record.scales), np.int64)
        tflite.QuantizationParametersStart(self._builder)
        tflite.QuantizationParametersAddScale(self._builder, scales)
        tflite.QuantizationParametersAddZeroPoint(self._builder, zero_points)
        tflite.QuantizationParametersAddQuantizedDimension(self._builder, record.quantized_axis)
        return int(tflite.QuantizationParametersEnd(self._builder))

    def _buffer_of(self, data: AnyArray | None) -> int:
        if data is None:
            return 0
        # The file is little-endian whatever machine writes it.
        contents = np.ascontiguousarray(data).astype(data.dtype.newbyteorder("<")).tobytes()
        if contents not in self._buffer_index:
            self._buffer_index[contents] = len(self._buffers)
            self._buffers.append(contents)
        return self._buffer_index[contents]

    def _buffer(self, data: bytes) -> int:
        vector = self._aligned_bytes(data) if data else None
        tflite.BufferStart(self._builder)
        if vector is not None:
            tflite.BufferAddData(self._builder, vector)
        return int(tflite.BufferEnd(self._builder))

    def _aligned_bytes(self, data: bytes) -> int:
        # StartVector reserves the space; filling it at once instead of a byte at a time.
        self._builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
        self._builder.head -= len(data)
        self._builder.Bytes[self._builder.head : self._builder.head + len(data)] = data
        return int(self._builder.EndVector())

    def _operator(self, record: OperatorRecord, code_index: int) -> int:
        options = None if record.options is None else self._options(record.options)
        inputs = self._vector(record.inputs, np.int32)
        outputs = self._vector(record.outputs, np.int32)
        tflite.OperatorStart(self._builder)
        tflite.OperatorAddOpcodeIndex(self._builder, code_index)
        tflite.OperatorAddInputs(self._builder, inputs)
        tflite.OperatorAddOutputs(self._builder, outputs)
        if record.options is not None:
            kind = getattr(tflite.BuiltinOptions, record.options.table)
            tflite.OperatorAddBuiltinOptionsType(self._builder, kind)
            tflite.OperatorAddBuiltinOptions(self._builder, options)
        return int(tflite.OperatorEnd(self._builder))

    def _options(self, options: TfliteOptions) -> int:
        table = options.table
        fields = {
            name: self._vector(value, np.int32) if isinstance(value, tuple) else value
            for name, value in options.fields.items()
        }
        missing = [name for name in fields if not hasattr(tflite, f"{table}Add{name}")]
        if missing or not hasattr(tflite.BuiltinOptions, table):
            raise InternalError(f"TFLite's schema has no {table} with fields {missing}")
        getattr(tflite, f"{table}Start")(self._builder)
        for name, value in fields.items():
            getattr(tflite, f"{table}Add{name}")(self._builder, value)
        return int(getattr(tflite, f"{table}End")(self._builder))

    def _subgraph(
        self, tensors: int, operators: int, inputs: Sequence[int], outputs: Sequence[int]
    ) -> int:
        input_vector = self._vector(inputs, np.int32)
        output_vector = self._vector(outputs, np.int32)
        name = self._builder.CreateString("main")
        tflite.SubGraphStart(self._builder)
        tflite.SubGraphAddTensors(self._builder, tensors)
        tflite.SubGraphAddInputs(self._builder, input_vector)
        tflite.SubGraphAddOutputs(self._builder, output_vector)
        tflite.SubGraphAddOperators(self._builder, operators)
        tflite.SubGraphAddName(self._builder, name)
        return int(tflite.SubGraphEnd(self._builder))
