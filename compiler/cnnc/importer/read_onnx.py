"""Turn an ONNX graph into a ``FloatModel``: one walk, constants folded, layouts tracked."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx
from onnx import helper, numpy_helper

from cnnc.codegen.names import identifier_from
from cnnc.errors import (
    ModelError,
    Unsupported,
    UnsupportedAttributeError,
    UnsupportedOpError,
)
from cnnc.importer.builder import GraphBuilder, StoredValue, channel_last, onnx_order
from cnnc.importer.fold import can_fold, fold
from cnnc.importer.inputs import input_ports, stored
from cnnc.importer.load import load_onnx
from cnnc.importer.reader import NodeReader
from cnnc.ir.float_model import FloatModel, Port
from cnnc.ir.types import Shape
from cnnc.ops._definition import readers

logger = logging.getLogger(__name__)

_STACK_TRACE = "pkg.torch.onnx.stack_trace"


@dataclass
class Walk:
    """One walk over a graph.

    Attributes:
        builder: What has been built.
        opsets: Version of each operator domain.
        unsupported: Nodes that cannot be imported.
        poisoned: Tensors that depend on such a node.
        node_tensors: ONNX node name -> its first result.
        names: Node names that are taken.
    """

    builder: GraphBuilder
    opsets: dict[str, int]
    unsupported: list[Unsupported] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)
    node_tensors: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def visit(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Import nodes in order; faults are collected."""
        for node in nodes:
            name = self._name(node)
            try:
                self._visit_node(node, name)
            except UnsupportedAttributeError as error:
                self._refuse(node, name, error.problem)
            except ModelError as error:
                self._refuse(node, name, error.problem)

    def _visit_node(self, node: onnx.NodeProto, name: str) -> None:
        if node.op_type == "If" and node.input[0] in self.builder.folded:
            self._inline_branch(node)
            return
        standard = node.domain in ("", "ai.onnx")
        known = standard and node.op_type in readers()
        if self.poisoned.intersection(node.input):
            self.poisoned.update(node.output)
            if not known and not can_fold_type(node):
                self._refuse(node, name, "this operator is not supported")
            return
        if can_fold(node, self.builder):
            fold(node, self.builder, self.opsets)
            return
        if not known:
            domain = "" if standard else f" (domain '{node.domain}')"
            raise UnsupportedAttributeError(f"this operator{domain} is not supported")
        reader = NodeReader(node, name, self.opsets[""], self.builder)
        readers()[node.op_type](reader)
        unread = reader.unread_attributes()
        if unread:
            raise UnsupportedAttributeError(f"attribute '{unread[0]}' is not supported")
        self.node_tensors[name] = node.output[0]

    def _inline_branch(self, node: onnx.NodeProto) -> None:
        condition = bool(self.builder.folded[node.input[0]].reshape(-1)[0])
        wanted = "then_branch" if condition else "else_branch"
        branch = next(helper.get_attribute_value(a) for a in node.attribute if a.name == wanted)
        for tensor in branch.initializer:
            self.builder.folded[tensor.name] = numpy_helper.to_array(tensor)
        self.visit(branch.node)
        for outer, inner in zip(node.output, branch.output, strict=True):
            if inner.name in self.builder.folded:
                self.builder.folded[outer] = self.builder.folded[inner.name]
            elif inner.name in self.builder.stored:
                self.builder.stored[outer] = self.builder.stored[inner.name]
            else:
                self.poisoned.add(outer)

    def _refuse(self, node: onnx.NodeProto, name: str, reason: str) -> None:
        self.poisoned.update(node.output)
        self.unsupported.append(Unsupported(name, node.op_type, reason, user_location(node)))

    def _name(self, node: onnx.NodeProto) -> str:
        name = node.name or f"{node.op_type}_{len(self.names)}"
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name


def can_fold_type(node: onnx.NodeProto) -> bool:
    """Whether an operator is one that only ever appears in shape arithmetic."""
    return node.op_type in {
        "Shape", "Size", "Gather", "Cast", "Constant", "ConstantOfShape", "Range", "Equal", "Where",
        "Slice", "Div", "Sub", "Floor", "Ceil", "If", "Expand", "Less", "Greater", "Not", "And",
        "Or",
    }  # fmt: skip


def read_onnx(path: Path, input_shapes: Mapping[str, Shape] | None = None) -> FloatModel:
    """Import an ONNX file.

    Args:
        path: The file; external data lie beside it.
        input_shapes: Static shapes for inputs whose shape is dynamic, by input name.

    Returns:
        The network in storage order, before any simplification.

    Raises:
        ModelError: The file is broken, or an initializer holds NaN.
        DynamicShapeError: A shape is neither static nor pinned.
        UnsupportedOpError: Lists every node that cannot be imported.
        UsageError: ``input_shapes`` does not fit the model.
    """
    model = load_onnx(path)
    graph = model.graph
    ports = input_ports(graph, input_shapes or {})
    walk = start_walk(model, ports)
    walk.visit(live_nodes(graph))
    if walk.unsupported:
        raise UnsupportedOpError(tuple(walk.unsupported), str(path))
    builder = walk.builder
    outputs = tuple(_output_port(builder, value.name) for value in graph.output)
    imported = FloatModel(
        name=identifier_from(path.stem),
        inputs=ports,
        outputs=outputs,
        nodes=tuple(builder.nodes),
        constants=builder.constants,
        shapes=builder.shapes,
    )
    logger.info("imported %d nodes as %d ops", len(graph.node), len(imported.nodes))
    return imported


def start_walk(model: onnx.ModelProto, ports: tuple[Port, ...]) -> Walk:
    """Return a walk that knows the graph's inputs and initializers."""
    builder = GraphBuilder()
    for port in ports:
        builder.stored[port.name] = stored(port)
        builder.shapes[port.value] = port.storage_shape
    for tensor in model.graph.initializer:
        builder.folded[tensor.name] = numpy_helper.to_array(tensor)
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    opsets.setdefault("", opsets.pop("ai.onnx", 1))
    return Walk(builder, opsets)


def live_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that an output depends on, in graph order."""
    wanted = {value.name for value in graph.output}
    live = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            live.append(node)
            wanted.update(node.input)
            wanted.update(_outer_names(node))
    return live[::-1]


def user_location(node: onnx.NodeProto) -> str | None:
    """Return the innermost ``file:line`` of the user's own code that the exporter recorded."""
    traces = [entry.value for entry in node.metadata_props if entry.key == _STACK_TRACE]
    lines = [line.strip() for trace in traces for line in trace.splitlines()]
    frames = [line for line in lines if line.startswith('File "') and ", line " in line]
    if not frames:
        return None
    own = [frame for frame in frames if "site-packages" not in frame]
    file, _, rest = (own or frames)[-1].removeprefix('File "').partition('", line ')
    return f"{file}:{rest.partition(',')[0]}"


def _outer_names(node: onnx.NodeProto) -> set[str]:
    names: set[str] = set()
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            for inner in attribute.g.node:
                names.update(inner.input)
                names.update(_outer_names(inner))
            names.update(value.name for value in attribute.g.output)
    return names


def _output_port(builder: GraphBuilder, name: str) -> Port:
    if name in builder.folded:
        raise ModelError(
            f"output '{name}' does not depend on any input: it is a constant",
            "check the export",
            name,
        )
    value = builder.stored[name]
    rank = len(value.axes)
    if value.axes not in (onnx_order(rank), channel_last(rank)):
        key = builder.in_axes(value, channel_last(rank))
        value = StoredValue(key, channel_last(rank))
        builder.stored[name] = value
    shape = builder.shapes[value.key]
    onnx_shape = tuple(shape[value.axes.index(axis)] for axis in range(rank))
    return Port(name, value.key, onnx_shape, value.axes)
