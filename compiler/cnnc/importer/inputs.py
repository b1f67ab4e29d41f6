"""The graph's inputs: static shapes, and the memory order that costs nothing."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

import onnx
from onnx import TensorProto

from cnnc.errors import DynamicShapeError, ModelError, UsageError
from cnnc.importer.builder import StoredValue, onnx_order
from cnnc.importer.layout import input_axes
from cnnc.importer.size import check_input_size
from cnnc.ir.float_model import Port
from cnnc.ir.types import ElementType, Shape

OPTION = "--input-shape"

_ELEMENT_TYPES: Mapping[int, ElementType] = {
    TensorProto.FLOAT: ElementType.FLOAT32,
    TensorProto.INT8: ElementType.INT8,
    TensorProto.UINT8: ElementType.UINT8,
    TensorProto.INT16: ElementType.INT16,
    TensorProto.UINT16: ElementType.UINT16,
    TensorProto.INT32: ElementType.INT32,
    TensorProto.UINT32: ElementType.UINT32,
    TensorProto.INT64: ElementType.INT32,
    TensorProto.UINT64: ElementType.UINT32,
}
_EXAMPLE_EXTENT = 224
_EXAMPLE_CHANNELS = 3


def graph_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """Return the inputs that are not initializers (files of IR version 3 list those too)."""
    initializers = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in initializers]


def input_ports(
    graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto], pinned: Mapping[str, Shape]
) -> tuple[Port, ...]:
    """Return the network's inputs with static shapes and storage axes.

    Args:
        graph: The ONNX graph.
        nodes: Its live nodes.
        pinned: Shapes that the user gave, by input name.

    Raises:
        UsageError: A pinned name is no input, or a pin contradicts the model.
        DynamicShapeError: An extent other than the batch is neither static nor pinned.
        ModelError: The model has no inputs, or one is no tensor of float32 or integers, or it is
            larger than C can index.
    """
    values = graph_inputs(graph)
    if not values:
        raise ModelError(
            "the model has no inputs: every output is a constant", "export the model again"
        )
    _check_names(pinned, [value.name for value in values])
    ports = []
    for value in values:
        element_type(value)
        shape = _static_shape(value, pinned.get(value.name))
        check_input_size(value.name, shape)
        axes = onnx_order(len(shape))
        if len(shape) > 2:
            axes = input_axes(nodes, value.name, shape)
        ports.append(Port(value.name, value.name, shape, axes))
    return tuple(ports)


def stored(port: Port) -> StoredValue:
    """Return where a port's tensor lives."""
    return StoredValue(port.value, port.storage_axes)


def _check_names(pinned: Iterable[str], names: list[str]) -> None:
    for name in pinned:
        if name in names:
            continue
        near = difflib.get_close_matches(name, names, 1)
        raise UsageError(
            f"{OPTION}: the model has no input '{name}'",
            (f"did you mean '{near[0]}'? " if near else "") + f"its inputs are: {', '.join(names)}",
            OPTION,
        )


def element_type(value: onnx.ValueInfoProto) -> ElementType:
    """Return the type that an input has in C; int64 becomes int32, uint64 uint32.

    Raises:
        ModelError: It is no tensor of float32 or integers.
    """
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        found = (kind or "undefined").removesuffix("_type")
        raise ModelError(
            f"input '{value.name}' is of the type {found}; only tensors are supported",
            "export the model with float32 tensors as inputs",
            value.name,
        )
    element = value.type.tensor_type.elem_type
    stored_as = _ELEMENT_TYPES.get(element)
    if stored_as is None:
        known = element in TensorProto.DataType.values()
        found = TensorProto.DataType.Name(element) if known else f"of unknown type {element}"
        raise ModelError(
            f"input '{value.name}' is {found.lower()}; inputs are float32 or integers",
            "export the model with float32 inputs",
            value.name,
        )
    return stored_as


def _static_shape(value: onnx.ValueInfoProto, pin: Shape | None) -> Shape:
    if pin is not None and (not pin or min(pin) < 1):
        raise UsageError(
            f"{OPTION} {value.name}={','.join(map(str, pin))}: every extent must be at least 1",
            f"e.g. {OPTION} {value.name}=1,3,224,224",
            OPTION,
        )
    if not value.type.tensor_type.HasField("shape"):
        if pin is not None:
            return pin
        raise DynamicShapeError(
            f"input '{value.name}' has no shape in the model",
            f"give it, e.g. {OPTION} {value.name}=1,3,224,224",
            value.name,
        )
    dims = value.type.tensor_type.shape.dim
    # An exporter's 0 or -1 stands for "not known", as a name does.
    declared = [dim.dim_value if dim.dim_value > 0 else None for dim in dims]
    labels = [str(dim.dim_value) if dim.dim_value > 0 else dim.dim_param or "?" for dim in dims]
    text = f"[{', '.join(labels)}]"
    if pin is not None:
        return _checked_pin(value.name, declared, text, pin)
    if declared and declared[0] is None:
        declared[0] = 1
    if None in declared:
        raise DynamicShapeError(
            f"input '{value.name}' has the dynamic shape {text}; C needs it static",
            f"pin it: {OPTION} {value.name}={_example(declared)} (with your own numbers)",
            value.name,
        )
    return tuple(extent for extent in declared if extent is not None)


def _checked_pin(name: str, declared: list[int | None], text: str, pin: Shape) -> Shape:
    fits = len(pin) == len(declared) and all(
        known in (None, extent) for known, extent in zip(declared, pin, strict=True)
    )
    if not fits:
        raise UsageError(
            f"{OPTION} {name}={','.join(map(str, pin))} contradicts the model: input '{name}' "
            f"has shape {text}",
            f"give {len(declared)} numbers, the model's own where it has one",
            OPTION,
        )
    return pin


def _example(declared: list[int | None]) -> str:
    """Return extents that could be meant: 3 channels behind the batch of an image, else 224."""
    guesses = [
        _EXAMPLE_CHANNELS if axis == 1 and len(declared) == 4 else _EXAMPLE_EXTENT
        for axis in range(len(declared))
    ]
    extents = [known or guess for known, guess in zip(declared, guesses, strict=True)]
    return ",".join(map(str, extents))
