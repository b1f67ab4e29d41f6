"""Check an operator's reader: a one-node ONNX model against ONNX Runtime."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cnnc.importer.data import from_storage, to_storage
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel, Port
from cnnc.ir.types import AnyArray, ElementType, Shape, Tensor
from cnnc.quantize.float_reference import run_float

_SAMPLES = 3


def check_onnx(
    op_type: str,
    attributes: Mapping[str, Any],
    input_shapes: Sequence[Shape],
    opset: int = 17,
    constants: Mapping[int, AnyArray | None] | None = None,
) -> FloatModel:
    """Assert that a node imports and computes what ONNX Runtime computes, within 1e-4.

    Args:
        op_type: ONNX operator.
        attributes: Its attributes.
        input_shapes: ONNX shape of each operand that is not a constant, in order.
        opset: Version of the default domain.
        constants: Operand index -> initializer, or None for an absent optional operand.

    Returns:
        The imported model.
    """
    proto = one_node_model(op_type, attributes, input_shapes, opset, constants or {})
    model = import_proto(proto)
    compare_with_onnx_runtime(model, proto)
    return model


def one_node_model(
    op_type: str,
    attributes: Mapping[str, Any],
    input_shapes: Sequence[Shape],
    opset: int,
    constants: Mapping[int, AnyArray | None],
) -> onnx.ModelProto:
    """Return the model that ``check_onnx`` describes; inputs ``x0``..., output ``y``."""
    count = len(input_shapes) + len(constants)
    activations = iter(range(len(input_shapes)))
    names = []
    for index in range(count):
        if index not in constants:
            names.append(f"x{next(activations)}")
        else:
            names.append("" if constants[index] is None else f"constant{index}")
    node = helper.make_node(op_type, names, ["y"], name="node", **attributes)
    inputs = [
        helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, list(shape))
        for i, shape in enumerate(input_shapes)
    ]
    initializers = [
        numpy_helper.from_array(np.asarray(array), f"constant{index}")
        for index, array in constants.items()
        if array is not None
    ]
    output = helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph([node], "one_node", inputs, [output], initializers)
    # The oldest IR version that the opset allows, so that any ONNX Runtime reads it.
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def import_proto(proto: onnx.ModelProto) -> FloatModel:
    """Return the float model of an ONNX model in memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(proto.SerializeToString())
        return read_onnx(path)


def compare_with_onnx_runtime(
    model: FloatModel, proto: onnx.ModelProto, samples: int = _SAMPLES
) -> None:
    """Assert that the float reference gives ONNX Runtime's numbers on random inputs.

    Args:
        model: Imported.
        proto: The same network.
        samples: Number of inputs.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    generator = np.random.default_rng(0)
    batch: dict[str, Tensor] = {
        port.name: _drawn(generator, model, port, samples) for port in model.inputs
    }
    given = {entry.name: entry.type.tensor_type.elem_type for entry in proto.graph.input}
    types = {name: helper.tensor_dtype_to_np_dtype(kind) for name, kind in given.items()}
    stored = {port.value: to_storage(port, batch[port.name]) for port in model.inputs}
    found = dict(run_float(model, stored))
    for sample in range(samples):
        feeds = {name: array[sample].astype(types[name]) for name, array in batch.items()}
        expected: Any = session.run([port.name for port in model.outputs], feeds)
        for port, array in zip(model.outputs, expected, strict=True):
            actual = from_storage(port, found[port.value])[sample]
            assert actual.shape == array.shape
            np.testing.assert_allclose(actual, array, rtol=1e-4, atol=1e-4)


def _drawn(generator: np.random.Generator, model: FloatModel, port: Port, samples: int) -> Tensor:
    """Return normal numbers; integers, which may be indices, are 0 or 1."""
    kind, shape = model.element_type(port.value), (samples, *port.onnx_shape)
    if kind is ElementType.FLOAT32:
        return generator.normal(0.0, 2.0, shape).astype(np.float32)
    return generator.integers(0, 2, shape).astype(kind.numpy)
