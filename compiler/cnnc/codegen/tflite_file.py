"""The bytes of a .tflite file: tensors and operators laid out as a flatbuffer, schema version 3.

Source: the flatbuffer schema of TFLite, version 3, through the Python binding ``tflite``. The same
graph always gives the same bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite

from cnnc.codegen.arrays import little_endian
from cnnc.errors import InternalError
from cnnc.ir.types import AnyArray, Shape

_SCHEMA: Any = tflite
"""The binding carries no types."""

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
BUFFER_ALIGNMENT = 16
"""Bytes; the runtimes map constants in place and expect them this far aligned."""

_LARGEST_OLD_CODE = 127
"""The first code field of the schema is an int8; larger codes live in a second field."""

_INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")
_ELEMENT_TYPES = {name: name.upper() for name in (*_INTEGERS, "float16", "float32", "bool")}


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
        self._buffers: list[memoryview] = [memoryview(b"")]
        self._buffer_index: dict[bytes, int] = {_digest(self._buffers[0]): 0}

    def write(
        self,
        tensors: Sequence[TensorRecord],
        operators: Sequence[OperatorRecord],
        inputs: Sequence[int],
        outputs: Sequence[int],
    ) -> bytes:
        constants = sum(record.data.nbytes for record in tensors if record.data is not None)
        # Room for all from the start: growing would hold three times as much.
        self._builder = flatbuffers.Builder((1 << 16) + constants)
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
        _SCHEMA.ModelStart(self._builder)
        _SCHEMA.ModelAddVersion(self._builder, SCHEMA_VERSION)
        _SCHEMA.ModelAddOperatorCodes(self._builder, code_vector)
        _SCHEMA.ModelAddSubgraphs(self._builder, subgraph_vector)
        _SCHEMA.ModelAddDescription(self._builder, description)
        _SCHEMA.ModelAddBuffers(self._builder, buffer_vector)
        self._builder.Finish(_SCHEMA.ModelEnd(self._builder), FILE_IDENTIFIER)
        return bytes(memoryview(self._builder.Bytes)[self._builder.Head() :])

    def _tables(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def _vector(self, values: Sequence[int] | Sequence[float], element_type: type[Any]) -> int:
        return int(self._builder.CreateNumpyVector(np.asarray(values, dtype=element_type)))

    def _operator_code(self, code: str, version: int) -> int:
        number = int(getattr(_SCHEMA.BuiltinOperator, code))
        _SCHEMA.OperatorCodeStart(self._builder)
        _SCHEMA.OperatorCodeAddDeprecatedBuiltinCode(self._builder, min(number, _LARGEST_OLD_CODE))
        _SCHEMA.OperatorCodeAddVersion(self._builder, version)
        _SCHEMA.OperatorCodeAddBuiltinCode(self._builder, number)
        return int(_SCHEMA.OperatorCodeEnd(self._builder))

    def _tensor(self, record: TensorRecord) -> int:
        name = self._builder.CreateString(record.name)
        shape = self._vector(record.shape, np.int32)
        quantization = self._quantization(record)
        _SCHEMA.TensorStart(self._builder)
        _SCHEMA.TensorAddShape(self._builder, shape)
        element_type = _ELEMENT_TYPES[record.element_type]
        _SCHEMA.TensorAddType(self._builder, getattr(_SCHEMA.TensorType, element_type))
        _SCHEMA.TensorAddBuffer(self._builder, self._buffer_of(record.data))
        _SCHEMA.TensorAddName(self._builder, name)
        if quantization is not None:
            _SCHEMA.TensorAddQuantization(self._builder, quantization)
        # Without it a reader takes an empty shape for "rank unknown" rather than a scalar.
        _SCHEMA.TensorAddHasRank(self._builder, True)
        return int(_SCHEMA.TensorEnd(self._builder))

    def _quantization(self, record: TensorRecord) -> int | None:
        if not record.scales:
            return None
        scales = self._vector(record.scales, np.float32)
        zero_points = self._vector([record.zero_point] * len(record.scales), np.int64)
        _SCHEMA.QuantizationParametersStart(self._builder)
        _SCHEMA.QuantizationParametersAddScale(self._builder, scales)
        _SCHEMA.QuantizationParametersAddZeroPoint(self._builder, zero_points)
        _SCHEMA.QuantizationParametersAddQuantizedDimension(self._builder, record.quantized_axis)
        return int(_SCHEMA.QuantizationParametersEnd(self._builder))

    def _buffer_of(self, data: AnyArray | None) -> int:
        if data is None:
            return 0
        # The file is little-endian whatever machine writes it.
        contents = little_endian(data)
        key = _digest(contents)
        if key not in self._buffer_index:
            self._buffer_index[key] = len(self._buffers)
            self._buffers.append(contents)
        return self._buffer_index[key]

    def _buffer(self, data: memoryview) -> int:
        vector = self._aligned_bytes(data) if len(data) else None
        _SCHEMA.BufferStart(self._builder)
        if vector is not None:
            _SCHEMA.BufferAddData(self._builder, vector)
        return int(_SCHEMA.BufferEnd(self._builder))

    def _aligned_bytes(self, data: memoryview) -> int:
        # StartVector reserves the space; filling it at once instead of a byte at a time.
        self._builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
        self._builder.head -= len(data)
        self._builder.Bytes[self._builder.head : self._builder.head + len(data)] = data
        return int(self._builder.EndVector())

    def _operator(self, record: OperatorRecord, code_index: int) -> int:
        options = None if record.options is None else self._options(record.options)
        inputs = self._vector(record.inputs, np.int32)
        outputs = self._vector(record.outputs, np.int32)
        _SCHEMA.OperatorStart(self._builder)
        _SCHEMA.OperatorAddOpcodeIndex(self._builder, code_index)
        _SCHEMA.OperatorAddInputs(self._builder, inputs)
        _SCHEMA.OperatorAddOutputs(self._builder, outputs)
        if record.options is not None:
            kind = getattr(_SCHEMA.BuiltinOptions, record.options.table)
            _SCHEMA.OperatorAddBuiltinOptionsType(self._builder, kind)
            _SCHEMA.OperatorAddBuiltinOptions(self._builder, options)
        return int(_SCHEMA.OperatorEnd(self._builder))

    def _options(self, options: TfliteOptions) -> int:
        table = options.table
        fields = {
            name: self._vector(value, np.int32) if isinstance(value, tuple) else value
            for name, value in options.fields.items()
        }
        missing = [name for name in fields if not hasattr(_SCHEMA, f"{table}Add{name}")]
        if missing or not hasattr(_SCHEMA.BuiltinOptions, table):
            raise InternalError(f"TFLite's schema has no {table} with fields {missing}")
        getattr(_SCHEMA, f"{table}Start")(self._builder)
        for name, value in fields.items():
            getattr(_SCHEMA, f"{table}Add{name}")(self._builder, value)
        return int(getattr(_SCHEMA, f"{table}End")(self._builder))

    def _subgraph(
        self, tensors: int, operators: int, inputs: Sequence[int], outputs: Sequence[int]
    ) -> int:
        input_vector = self._vector(inputs, np.int32)
        output_vector = self._vector(outputs, np.int32)
        name = self._builder.CreateString("main")
        _SCHEMA.SubGraphStart(self._builder)
        _SCHEMA.SubGraphAddTensors(self._builder, tensors)
        _SCHEMA.SubGraphAddInputs(self._builder, input_vector)
        _SCHEMA.SubGraphAddOutputs(self._builder, output_vector)
        _SCHEMA.SubGraphAddOperators(self._builder, operators)
        _SCHEMA.SubGraphAddName(self._builder, name)
        return int(_SCHEMA.SubGraphEnd(self._builder))


def _digest(contents: memoryview) -> bytes:
    return hashlib.sha256(contents).digest()
