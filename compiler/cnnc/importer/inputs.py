"""The graph's inputs: static shapes, and the memory order that costs nothing."""

from collections.abc import Iterator, Mapping

import onnx
from onnx import TensorProto, helper

from cnnc.errors import DynamicShapeError, ModelError, UsageError
from cnnc.importer.builder import StoredValue, channel_last, onnx_order
from cnnc.ir.float_model import Port
from cnnc.ir.types import Shape

_NO_OPS = frozenset({"Identity", "Dropout", "Cast"})
_ORDER_FREE = frozenset({"Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze"})


def graph_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """Return the inputs that are not initializers."""
    initializers = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in initializers]


def input_ports(graph: onnx.GraphProto, pinned: Mapping[str, Shape]) -> tuple[Port, ...]:
    """Return the network's inputs with static shapes.

    Args:
        graph: The ONNX graph.
        pinned: Shapes that the user gave, by input name.

    Raises:
        UsageError: A pinned name is no input, or a pin contradicts the model.
        DynamicShapeError: An extent other than the batch is neither static nor pinned.
        ModelError: An input is not float32, or its rank is unknown.
    """
    values = graph_inputs(graph)
    names = [value.name for value in values]
    for name in pinned:
        if name not in names:
            raise UsageError(
                f"the model has no input '{name}'",
                f"its inputs are: {', '.join(names)}",
                "--input-shape",
            )
    ports = []
    for value in values:
        _check_type(value)
        shape = _static_shape(value, pinned.get(value.name))
        axes = onnx_order(len(shape))
        if len(shape) > 2 and not _free_of_order(graph, value.name, shape):
            axes = channel_last(len(shape))
        ports.append(Port(value.name, value.name, shape, axes))
    return tuple(ports)


def stored(port: Port) -> StoredValue:
    """Return where a port's tensor lives."""
    return StoredValue(port.value, port.storage_axes)


def _check_type(value: onnx.ValueInfoProto) -> None:
    element = value.type.tensor_type.elem_type
    if element != TensorProto.FLOAT:
        found = helper.tensor_dtype_to_string(element).removeprefix("TensorProto.")
        raise ModelError(
            f"input '{value.name}' is {found}, only FLOAT (float32) inputs are supported",
            "export the model with float32 inputs",
            value.name,
        )


def _static_shape(value: onnx.ValueInfoProto, pin: Shape | None) -> Shape:
    if not value.type.tensor_type.HasField("shape"):
        if pin is not None:
            return pin
        raise DynamicShapeError(
            f"input '{value.name}' has no shape",
            f"pin it, e.g. --input-shape {value.name}=1,3,224,224",
            value.name,
        )
    dims = value.type.tensor_type.shape.dim
    declared = [dim.dim_value if dim.dim_value > 0 else None for dim in dims]
    labels = [str(dim.dim_value) if dim.dim_value > 0 else dim.dim_param or "?" for dim in dims]
    text = f"[{', '.join(labels)}]"
    if pin is not None:
        fits = len(pin) == len(declared) and all(
            known is None or known == extent for known, extent in zip(declared, pin, strict=True)
        )
        if not fits:
            raise UsageError(
                f"input '{value.name}' has shape {text}, which {list(pin)} contradicts",
                "give one extent for each axis, and the model's own where it has one",
                "--input-shape",
            )
        return pin
    if declared and declared[0] is None:
        declared[0] = 1
    if None in declared:
        example = ",".join(str(extent or 224) for extent in declared)
        raise DynamicShapeError(
            f"input '{value.name}' has the dynamic shape {text}",
            f"pin it, e.g. --input-shape {value.name}={example}",
            value.name,
        )
    return tuple(extent for extent in declared if extent is not None)


def _free_of_order(graph: onnx.GraphProto, name: str, shape: Shape) -> bool:
    """Whether ONNX order is the cheap one: everything that reads the input moves axes anyway."""
    readers = list(_real_readers(graph, name))
    if not readers:
        return False
    if all(node.op_type == "Transpose" for node in readers):
        return True
    # Channel-last moves nothing when at most one axis behind the batch is larger than 1, or when
    # the channel axis is 1: then both orders are the same bytes, and a reshape costs nothing.
    return all(node.op_type in _ORDER_FREE for node in readers)


def _real_readers(graph: onnx.GraphProto, name: str) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        if name not in node.input:
            continue
        if node.op_type in _NO_OPS:
            yield from _real_readers(graph, node.output[0])
        elif node.op_type not in ("Shape", "Size"):
            yield node
