"""What the importer sees in a .tflite file, and what it would refuse."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from cnnc.codegen.tflite_file import SCHEMA_VERSION, TensorRecord
from cnnc.importer.inspect import InspectedNode, Inspection
from cnnc.importer.tflite.file import load_tflite
from cnnc.importer.tflite.fold import fold_shapes
from cnnc.importer.tflite.graph import TfliteGraphBuilder
from cnnc.importer.tflite.read import (
    TfliteVisit,
    check_input_shapes,
    check_is_int8,
    visit_operators,
)
from cnnc.ir.types import Shape


def inspect_tflite(path: Path, input_shapes: Mapping[str, Shape] | None = None) -> Inspection:
    """Look at a file; unsupported operators are listed, not refused.

    Raises:
        ModelError: The file cannot be read at all, or is no int8 model.
        DynamicShapeError: An axis other than the batch is dynamic.
        UsageError: ``input_shapes`` does not fit the file.
    """
    file = fold_shapes(load_tflite(path))
    check_input_shapes(file, input_shapes or {})
    check_is_int8(file, str(path))
    builder = TfliteGraphBuilder(file, "double")
    visits = visit_operators(builder)
    return Inspection(
        file=path.name,
        format="tflite",
        producer=file.description,
        ir_version=SCHEMA_VERSION,
        opset=None,
        inputs=tuple((file.tensors[i].name, file.tensors[i].shape) for i in file.inputs),
        outputs=tuple(file.tensors[i].name for i in file.outputs),
        parameters=_parameters(file.tensors),
        nodes=tuple(_inspected(builder, visit) for visit in visits),
    )


def _parameters(records: Iterable[TensorRecord]) -> int:
    """Return the elements of constants that have a scale: weights and biases."""
    arrays = [record.data for record in records if record.scales]
    return sum(array.size for array in arrays if array is not None)


def _inspected(builder: TfliteGraphBuilder, visit: TfliteVisit) -> InspectedNode:
    macs = sum(
        node.op.macs([builder.values[name].shape for name in node.inputs]) for node in visit.nodes
    )
    file = builder.file
    operands = [file.tensors[i] for i in file.operators[visit.index].inputs if i >= 0]
    return InspectedNode(
        name=visit.name,
        op_type=visit.code,
        output_shape=visit.shape,
        macs=macs,
        parameters=_parameters(operands),
        constant=False,
        unsupported=None if visit.fault is None else visit.fault.reason,
    )
