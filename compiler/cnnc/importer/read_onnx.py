"""Turn an ONNX graph into a ``FloatModel``: one walk, constants folded, layouts tracked."""

import logging
from collections.abc import Mapping
from pathlib import Path

from cnnc.codegen.names import identifier_from
from cnnc.errors import ModelError, UnsupportedOpError
from cnnc.importer.builder import GraphBuilder, StoredValue, channel_last, onnx_order
from cnnc.importer.graph import live_nodes
from cnnc.importer.initializer import detach_initializers
from cnnc.importer.inputs import input_ports
from cnnc.importer.load import load_onnx
from cnnc.importer.quantized_tensors import warn_of_wide_activations
from cnnc.importer.walk import Walk, start_walk
from cnnc.ir.float_model import FloatModel, Port
from cnnc.ir.types import Shape
from cnnc.ops.reshape import Reshape

logger = logging.getLogger(__name__)


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
    model, initializers = detach_initializers(load_onnx(path, leave_initializers=True), path)
    nodes = live_nodes(model.graph)
    ports = input_ports(model.graph, nodes, input_shapes or {})
    walk = start_walk(model, initializers, ports)
    walk.visit(nodes)
    if walk.unsupported:
        raise UnsupportedOpError(walk.unsupported, str(path))
    outputs = tuple(_output_port(walk, value.name, ports) for value in model.graph.output)
    builder = walk.builder
    warn_of_wide_activations(builder)
    imported = FloatModel(
        name=identifier_from(path.stem),
        inputs=ports,
        outputs=outputs,
        nodes=tuple(builder.nodes),
        constants=builder.constants,
        shapes=builder.shapes,
        types=builder.types,
    )
    logger.info(
        "imported %d of %d nodes as %d ops", len(nodes), len(model.graph.node), len(imported.nodes)
    )
    return imported


def _output_port(walk: Walk, name: str, inputs: tuple[Port, ...]) -> Port:
    builder = walk.builder
    if name in builder.folded:
        raise ModelError(
            f"output '{name}' does not depend on any input: it is a constant",
            "export the model without this output",
            name,
        )
    if name not in builder.stored:
        raise ModelError(
            f"the graph's output is '{name}', {walk.definers.absence(name)}",
            "export the model without this output",
            name,
        )
    try:
        return _stored_port(builder, name, inputs)
    except ModelError as error:
        raise ModelError(
            f"output '{name}' cannot be stored: {error.problem}",
            error.remedy or "end the network with fewer axes, or in another order of them",
            name,
        ) from error


def _stored_port(builder: GraphBuilder, name: str, inputs: tuple[Port, ...]) -> Port:
    value = _separate(builder, name, inputs)
    rank = len(value.axes)
    if value.axes not in (onnx_order(rank), channel_last(rank)):
        value = StoredValue(builder.in_axes(value, channel_last(rank)), channel_last(rank))
    builder.stored[name] = value
    return Port(name, value.key, builder.onnx_shape(name), value.axes)


def _separate(builder: GraphBuilder, name: str, inputs: tuple[Port, ...]) -> StoredValue:
    """Return the value of an output; an input that is passed on gets a value of its own."""
    value = builder.stored[name]
    if value.key not in {port.value for port in inputs}:
        return value
    key = builder.append(name, Reshape(builder.shapes[value.key]), [value.key], name, (name,))
    return StoredValue(key, value.axes)
