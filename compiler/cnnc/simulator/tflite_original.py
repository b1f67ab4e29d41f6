"""A copy of the user's .tflite file in which TFLite shows every layer.

The copy has the file's own tensors, options and data, and every int8 tensor as a graph output;
indices are int32 in it, as in the C.
What is done at the edge to other types (QUANTIZE of the input, DEQUANTIZE of the output) is left
out: all engines get the same int8 bytes. Where a runtime's FULLY_CONNECTED rounds in float (spec
4.3, flavour b), it is written as RESHAPE, CONV_2D 1x1, RESHAPE, which computes flavour a.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from cnnc.codegen.tflite import NotCompared, export_tflite
from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.importer.tflite.file import TfliteFile, parse_tflite
from cnnc.importer.tflite.fold import fold_shapes
from cnnc.importer.tflite.graph import INTEGERS
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, Shape
from cnnc.ops.arg_max import TFLITE_INT32
from cnnc.simulator.tflite_graph import JudgedGraph
from cnnc.simulator.tflite_runtime import TfliteRuntime

_FULLY_CONNECTED = "FULLY_CONNECTED"
_VALID = 1


def original_graph(model: QuantModel, data: bytes, runtime: TfliteRuntime) -> JudgedGraph:
    """Return the copy for a network that was imported from a file.

    Args:
        model: The network.
        data: The file.
        runtime: Who runs the copy; ai-edge-litert rounds FULLY_CONNECTED in float.

    Raises:
        ModelError: The file is damaged.
    """
    file = fold_shapes(parse_tflite(data, "model/source.tflite"))
    unsafe = {entry.layer: entry.reason for entry in export_tflite(model).not_expressible}
    fed = [node.output for node in model.nodes if node.name in unsafe]
    rewrite = runtime.name == "ai-edge-litert"
    copy = _copy(file, fed, rewrite=rewrite)
    shown = set(copy.outputs)
    missing = tuple(
        NotCompared(
            node.name,
            node.op.kind,
            unsafe.get(node.name, "no tensor of the original file holds its result"),
        )
        for node in model.nodes
        if node.output not in shown
    )
    ports = {port.name: port.value for port in model.inputs}
    has_rewritten = rewrite and any(
        operator.code == _FULLY_CONNECTED for operator in file.operators
    )
    return JudgedGraph(
        data=copy.data,
        operands=tuple(ports.get(name, name) for name in copy.inputs),
        outputs=copy.outputs,
        not_compared=missing,
        whole=None if has_rewritten or fed or not _is_int8_at_the_edge(file) else data,
    )


@dataclass(frozen=True)
class _Copy:
    """The copy's bytes, and the names of what it reads and shows, in the subgraph's order."""

    data: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def _copy(file: TfliteFile, fed: Collection[str], *, rewrite: bool) -> _Copy:
    inputs: dict[int, str] = {}
    for index in file.inputs:
        if file.tensors[index].element_type == "int8":
            inputs[index] = file.tensors[index].name
    tensors = [_as_int32(record) for record in file.tensors]
    operators: list[OperatorRecord] = []
    outputs: list[int] = []
    for operator in file.operators:
        names = {result: file.tensors[result].name for result in operator.outputs}
        if not _is_computed(file, operator):
            # A float or uint8 input: the port of that name holds the int8 bytes.
            for result in operator.outputs:
                if file.tensors[result].element_type == "int8":
                    inputs[result] = file.tensors[operator.inputs[0]].name
        elif any(name in fed for name in names.values()):
            inputs.update(names)
        else:
            outputs += operator.outputs
            convolve = rewrite and operator.code == _FULLY_CONNECTED
            copied = _giving_int32(operator)
            operators += _as_convolution(operator, tensors) if convolve else [copied]
    return _Copy(
        write_file(tensors, operators, tuple(inputs), outputs),
        tuple(inputs.values()),
        tuple(file.tensors[index].name for index in outputs),
    )


def _is_computed(file: TfliteFile, operator: OperatorRecord) -> bool:
    """Whether an operator computes on int8 or indices, rather than making int8 of other types."""
    given = [index for index in operator.inputs if index != -1]
    computed = [index for index in given if file.tensors[index].data is None]
    ends = (*computed, *operator.outputs)
    return all(file.tensors[index].element_type in ("int8", *INTEGERS) for index in ends)


def _as_int32(record: TensorRecord) -> TensorRecord:
    """Return a tensor of computed int64 indices as one of int32."""
    computed = record.data is None and record.element_type == "int64"
    return replace(record, element_type="int32") if computed else record


def _giving_int32(operator: OperatorRecord) -> OperatorRecord:
    """Return an operator that finds indices with int32 as their type."""
    if operator.code not in ("ARG_MAX", "ARG_MIN") or operator.options is None:
        return operator
    options = replace(operator.options, fields={"OutputType": TFLITE_INT32})
    return replace(operator, options=options)


def _is_int8_at_the_edge(file: TfliteFile) -> bool:
    edge = (*file.inputs, *file.outputs)
    return all(file.tensors[index].element_type == "int8" for index in edge)


def _as_convolution(operator: OperatorRecord, tensors: list[TensorRecord]) -> list[OperatorRecord]:
    """Return operators for FULLY_CONNECTED; appends the tensors that they need.

    CONV_2D multiplies scales in double, FULLY_CONNECTED with a single scale in float32. Operand
    scale 1 and weight scale f32(s_in s_w) make both the same; RESHAPE does not look at scales.
    """
    source, weight = tensors[operator.inputs[0]], tensors[operator.inputs[1]]
    result = tensors[operator.outputs[0]]
    channels, depth = weight.shape
    rows = int(np.prod(source.shape)) // depth
    image = replace(source, shape=(rows, 1, 1, depth))
    filters = replace(weight, shape=(channels, 1, 1, depth), data=_reshaped(weight, channels))
    if len(weight.scales) == 1:
        product = np.float32(source.scales[0]) * np.float32(weight.scales[0])
        image = replace(image, scales=(1.0,))
        filters = replace(filters, scales=(float(product),) * channels, quantized_axis=0)
    convolved = replace(result, shape=(rows, 1, 1, channels))
    image_index = _add(tensors, image)
    filters_index = _add(tensors, filters)
    convolved_index = _add(tensors, convolved)
    options: dict[str, int] = {"Padding": _VALID, "StrideH": 1, "StrideW": 1}
    if operator.options is not None:
        activation = operator.options.fields["FusedActivationFunction"]
        options["FusedActivationFunction"] = int(np.asarray(activation))
    operands = (image_index, filters_index, _bias(operator, tensors, channels))
    return [
        _reshape(tensors, operator.inputs[0], image.shape, image_index),
        OperatorRecord(
            "CONV_2D", 3, operands, (convolved_index,), TfliteOptions("Conv2DOptions", options)
        ),
        _reshape(tensors, convolved_index, result.shape, operator.outputs[0]),
    ]


def _bias(operator: OperatorRecord, tensors: list[TensorRecord], channels: int) -> int:
    """Return the tensor of the bias; CONV_2D wants one where FULLY_CONNECTED needs none."""
    if len(operator.inputs) > 2 and operator.inputs[2] != -1:
        return operator.inputs[2]
    zeros = np.zeros(channels, np.int32)
    return _add(tensors, TensorRecord("no_bias", zeros.shape, "int32", data=zeros))


def _reshaped(weight: TensorRecord, channels: int) -> AnyArray | None:
    return None if weight.data is None else weight.data.reshape(channels, 1, 1, -1)


def _reshape(tensors: list[TensorRecord], source: int, shape: Shape, output: int) -> OperatorRecord:
    target = np.array(shape, np.int32)
    index = _add(tensors, TensorRecord("shape", target.shape, "int32", data=target))
    options = TfliteOptions("ReshapeOptions", {"NewShape": shape})
    return OperatorRecord("RESHAPE", 1, (source, index), (output,), options)


def _add(tensors: list[TensorRecord], record: TensorRecord) -> int:
    tensors.append(record)
    return len(tensors) - 1
