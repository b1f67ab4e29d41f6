"""What the importer sees in an ONNX model, and what it would refuse."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import onnx

from cnnc.importer.builder import GraphBuilder
from cnnc.importer.field import Field
from cnnc.importer.graph import live_nodes
from cnnc.importer.initializer import detach_initializers
from cnnc.importer.inputs import input_ports
from cnnc.importer.load import default_opset, load_onnx
from cnnc.importer.quantized_tensors import OnnxQuantization, onnx_quantization
from cnnc.importer.receptive import FieldTrace
from cnnc.importer.walk import Visit, Walk, start_walk
from cnnc.ir.types import AnyArray, Shape


@dataclass(frozen=True)
class InspectedNode:
    """One node that an output depends on.

    Attributes:
        name: Node name, unique.
        op_type: ONNX operator type.
        output_shape: ONNX axis order; None where it depends on an unsupported node.
        macs: Multiply-accumulates.
        parameters: Elements of its constant operands: weights, biases, statistics.
        constant: Whether it is computed at compile time.
        unsupported: Why it cannot be compiled; None if it can.
        field: What its result sees of the image; None where that is not known.
    """

    name: str
    op_type: str
    output_shape: Shape | None
    macs: int
    parameters: int
    constant: bool
    unsupported: str | None
    field: Field | None = None


@dataclass(frozen=True)
class Inspection:
    """A model as the importer sees it.

    Attributes:
        file: Name of the file.
        format: ``onnx`` or ``tflite``.
        producer: Exporter and version, as the file says.
        ir_version: Version of the file format.
        opset: Version of the standard operators; None for .tflite, which has one for each.
        inputs: Name and static shape of each input.
        outputs: Name of each output.
        parameters: Elements of the initializers and Constant nodes that are used; shapes and axes
            (int64), flags and single numbers are not counted.
        nodes: Every live node.
        quantization: What of an ONNX model is quantized already; None for a float model.
    """

    file: str
    format: Literal["onnx", "tflite"]
    producer: str
    ir_version: int
    opset: int | None
    inputs: tuple[tuple[str, Shape], ...]
    outputs: tuple[str, ...]
    parameters: int
    nodes: tuple[InspectedNode, ...]
    quantization: OnnxQuantization | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole model, as far as known."""
        return sum(node.macs for node in self.nodes)

    @property
    def unsupported(self) -> tuple[InspectedNode, ...]:
        """Nodes that cannot be compiled."""
        return tuple(node for node in self.nodes if node.unsupported is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "model": self.file,
            "format": self.format,
            "producer": self.producer,
            "ir_version": self.ir_version,
            "opset": self.opset,
            "inputs": [{"name": name, "shape": list(shape)} for name, shape in self.inputs],
            "outputs": list(self.outputs),
            "parameters": self.parameters,
            "macs": self.macs,
            "supported": not self.unsupported,
            "quantization": None if self.quantization is None else asdict(self.quantization),
            "nodes": [_node_json(node) for node in self.nodes],
        }


def inspect_onnx(path: Path, input_shapes: Mapping[str, Shape] | None = None) -> Inspection:
    """Look at a model; unsupported nodes are listed, not refused.

    Raises:
        ModelError: The file cannot be read at all.
        DynamicShapeError: A shape is neither static nor pinned.
        UsageError: ``input_shapes`` does not fit the model.
    """
    model, initializers = detach_initializers(load_onnx(path, leave_initializers=True), path)
    graph = model.graph
    live = live_nodes(graph)
    ports = input_ports(graph, live, input_shapes or {})
    walk = start_walk(model, initializers, ports)
    walk.visit(live)
    trace = FieldTrace(walk.builder, ports, default_opset(model))
    return Inspection(
        file=path.name,
        format="onnx",
        producer=f"{model.producer_name} {model.producer_version}".strip() or "not stated",
        ir_version=model.ir_version,
        opset=default_opset(model),
        inputs=tuple((port.name, port.onnx_shape) for port in ports),
        outputs=tuple(value.name for value in graph.output),
        parameters=_parameters(walk, graph),
        nodes=tuple(_inspected(walk.builder, visit, trace) for visit in walk.visits),
        quantization=onnx_quantization(walk.builder),
    )


def _parameters(walk: Walk, graph: onnx.GraphProto) -> int:
    names = [tensor.name for tensor in graph.initializer]
    names += [v.node.output[0] for v in walk.visits if v.node.op_type == "Constant"]
    arrays = [walk.builder.folded[name] for name in names if name in walk.builder.folded]
    return sum(array.size for array in arrays if _is_parameter(array))


def _is_parameter(array: AnyArray) -> bool:
    return array.ndim > 0 and array.dtype.name not in ("int64", "bool")


def _inspected(builder: GraphBuilder, visit: Visit, trace: FieldTrace) -> InspectedNode:
    node = visit.node
    constant = any(name in builder.folded for name in node.output)
    operands_known = [builder.folded[name] for name in node.input if name in builder.folded]
    parameters = [] if constant else [a for a in operands_known if _is_parameter(a)]
    operands = [[builder.shapes[name] for name in item.inputs] for item in visit.added]
    macs = sum(item.op.macs(shapes) for item, shapes in zip(visit.added, operands, strict=True))
    return InspectedNode(
        name=visit.name,
        op_type=node.op_type,
        output_shape=_shape(builder, node),
        macs=macs,
        parameters=sum(array.size for array in parameters),
        constant=constant,
        unsupported="; ".join(fault.reason for fault in visit.faults) or None,
        field=trace.add(node),
    )


def _shape(builder: GraphBuilder, node: onnx.NodeProto) -> Shape | None:
    name = node.output[0]
    known = name in builder.folded or name in builder.stored
    return builder.onnx_shape(name) if known else None


def _node_json(node: InspectedNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "op": node.op_type,
        "output_shape": None if node.output_shape is None else list(node.output_shape),
        "macs": node.macs,
        "parameters": node.parameters,
        "receptive_field": None if node.field is None else list(node.field.sizes),
        "jump": None if node.field is None else list(node.field.jumps),
        "constant": node.constant,
        "unsupported": node.unsupported,
    }
