"""Turn an int8 .tflite file into a ``QuantModel``: its scales are kept, nothing is calibrated."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnc.codegen.names import identifier_from
from cnnc.errors import (
    ModelError,
    Unsupported,
    UnsupportedAttributeError,
    UnsupportedOpError,
    UsageError,
)
from cnnc.importer.tflite.file import TfliteFile, load_tflite
from cnnc.importer.tflite.fold import fold_shapes
from cnnc.importer.tflite.graph import TfliteGraphBuilder, quant_value, stored_value
from cnnc.importer.tflite.reader import TfliteNodeReader
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.ir.types import Rounding, Shape
from cnnc.ops._definition import tflite_readers

logger = logging.getLogger(__name__)

_EDGE_OPERATORS = ("QUANTIZE", "DEQUANTIZE")
_FULL_INTEGER = (
    "convert with full integer quantization: converter.optimizations = [tf.lite.Optimize.DEFAULT], "
    "converter.representative_dataset, and tf.lite.OpsSet.TFLITE_BUILTINS_INT8; or give the float "
    "model as .onnx"
)
_OPERATOR_REMEDY = (
    "docs/operators.md lists what is supported; convert the model without the unsupported "
    "operators, or give the float model as .onnx"
)
_VALUE_REMEDY = (
    "change what is refused in the code that defines the network and convert it again; "
    "docs/operators.md lists the limits of each operator"
)


@dataclass(frozen=True, eq=False)
class TfliteVisit:
    """One operator after it was read.

    Attributes:
        index: Position in the file.
        code: The operator.
        name: Layer name.
        shape: Of its first result, as the file says.
        nodes: What it became.
        fault: Why it cannot be read; None if it can.
    """

    index: int
    code: str
    name: str
    shape: Shape
    nodes: tuple[QuantNode, ...]
    fault: Unsupported | None


def read_tflite(
    path: Path, input_shapes: Mapping[str, Shape] | None = None, rounding: Rounding = "double"
) -> QuantModel:
    """Import an int8 .tflite file.

    Args:
        path: The file.
        input_shapes: What the user says of the inputs; must be what the file says.
        rounding: How accumulators are scaled; the file's own kernels use ``double``.

    Returns:
        The network with the file's scales and zero points; a value has its tensor's name.

    Raises:
        ModelError: The file is broken, or no int8 network.
        DynamicShapeError: An axis other than the batch is dynamic.
        UnsupportedOpError: Lists every operator that cannot be imported.
        UsageError: ``input_shapes`` does not fit the file.
    """
    file = fold_shapes(load_tflite(path))
    check_input_shapes(file, input_shapes or {})
    check_is_int8(file, str(path))
    builder = TfliteGraphBuilder(file, rounding)
    faults = tuple(visit.fault for visit in visit_operators(builder) if visit.fault is not None)
    if faults:
        raise UnsupportedOpError(faults, str(path))
    model = QuantModel(
        name=identifier_from(path.stem),
        rounding=rounding,
        inputs=tuple(_input_port(builder, index, str(path)) for index in file.inputs),
        outputs=tuple(_output_port(builder, index, str(path)) for index in file.outputs),
        nodes=tuple(builder.nodes),
        constants=builder.constants,
        values=builder.values,
    )
    logger.info("imported %d operators as %d layers", len(file.operators), len(model.nodes))
    return model


def check_input_shapes(file: TfliteFile, input_shapes: Mapping[str, Shape]) -> None:
    """Refuse shapes other than the file's.

    Raises:
        UsageError: An unknown input, or another shape.
    """
    known = {file.tensors[index].name: file.tensors[index].shape for index in file.inputs}
    for name, shape in input_shapes.items():
        if known.get(name) == shape:
            continue
        listed = ", ".join(f"'{key}' {list(value)}" for key, value in known.items())
        raise UsageError(
            f"input '{name}' cannot be pinned to {list(shape)}: the shapes of a .tflite are fixed",
            f"its inputs are {listed}",
            "--input-shape",
        )


def check_is_int8(file: TfliteFile, where: str) -> None:
    """Refuse a file in which no operator reads or gives int8, with one message for all of them.

    Raises:
        ModelError: The model is float, hybrid, uint8 or int16.
    """
    kinds = Counter(
        file.tensors[index].element_type
        for operator in file.operators
        if operator.code not in _EDGE_OPERATORS
        for index in operator.outputs
    )
    operands = [
        file.tensors[index]
        for operator in file.operators
        if operator.code not in _EDGE_OPERATORS
        for index in operator.inputs
        if index >= 0
    ]
    reads_int8 = any(record.data is None and record.element_type == "int8" for record in operands)
    if "int8" in kinds or reads_int8 or not kinds:
        return
    kind = kinds.most_common(1)[0][0]
    weights = any(
        record.data is not None and record.element_type == "int8" for record in file.tensors
    )
    if kind == "float32" and weights:
        problem = "is a hybrid model: its weights are int8 but its activations are float32"
    elif kind == "uint8":
        problem = "is quantized to uint8, the older scheme of TFLite"
    elif kind == "int16":
        problem = "has int16 activations"
    else:
        problem = f"is a {kind} model"
    raise ModelError(
        f"'{where}' {problem}; a .tflite must be int8 throughout", _FULL_INTEGER, where
    )


def visit_operators(builder: TfliteGraphBuilder) -> list[TfliteVisit]:
    """Read every operator in order; what cannot be read is taken from the file's word."""
    for index in builder.file.inputs:
        if builder.file.tensors[index].element_type == "int8":
            builder.inputs[index] = builder.define(index, quant_value(builder.file.tensors[index]))
    return [_visit(builder, index) for index in range(len(builder.file.operators))]


def _visit(builder: TfliteGraphBuilder, index: int) -> TfliteVisit:
    operator = builder.file.operators[index]
    name = f"{operator.code.lower().replace(' ', '_')}_{index}"
    results = [builder.file.tensors[output] for output in operator.outputs]
    nodes: tuple[QuantNode, ...] = ()
    fault = None
    before = len(builder.nodes)
    try:
        nodes = _read(builder, index, name)
    except (ModelError, ValueError) as error:
        reason = error.problem if isinstance(error, ModelError) else str(error)
        del builder.nodes[before:]
        listed = ", ".join(f"'{record.name}'" for record in results) or "nothing"
        remedy = (isinstance(error, ModelError) and error.remedy) or _VALUE_REMEDY
        place = f"operator {index}, output {listed}"
        fault = Unsupported(name, operator.code, reason, remedy, place)
        _assume(builder, operator.outputs)
    shape = results[0].shape if results else ()
    return TfliteVisit(index, operator.code, name, shape, nodes, fault)


def _read(builder: TfliteGraphBuilder, index: int, name: str) -> tuple[QuantNode, ...]:
    operator = builder.file.operators[index]
    read = tflite_readers().get(operator.code)
    if read is None:
        raise UnsupportedAttributeError("this operator is not supported", _OPERATOR_REMEDY)
    if not operator.outputs:
        raise UnsupportedAttributeError("it has no result")
    reader = TfliteNodeReader(builder, operator, name)
    read(reader)
    return reader.finish()


def _assume(builder: TfliteGraphBuilder, outputs: tuple[int, ...]) -> None:
    """Define the results of an operator that cannot be read, so that its readers are judged."""
    for index in outputs:
        try:
            builder.define(index, stored_value(builder.file.tensors[index]))
        except UnsupportedAttributeError as error:
            logger.debug("%s", error)


def _input_port(builder: TfliteGraphBuilder, index: int, where: str) -> Port:
    record = builder.file.tensors[index]
    if index not in builder.inputs:
        raise ModelError(
            f"input '{record.name}' is {record.element_type} and no QUANTIZE makes it int8",
            _FULL_INTEGER,
            where,
        )
    return _port(record.name, builder.inputs[index], record.shape)


def _output_port(builder: TfliteGraphBuilder, index: int, where: str) -> Port:
    record = builder.file.tensors[index]
    key = builder.outputs.get(index) or builder.keys.get(index)
    if key is None:
        what = "a constant" if record.data is not None else "never computed"
        raise ModelError(
            f"output '{record.name}' is {what}", "convert the model without this output", where
        )
    return _port(record.name, key, record.shape)


def _port(name: str, value: str, shape: Shape) -> Port:
    return Port(name, value, shape, tuple(range(len(shape))))
