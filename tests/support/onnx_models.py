"""Small ONNX models, written to files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Node = onnx.NodeProto
Extents = Sequence[int | str | None]


def node(
    op_type: str,
    inputs: str,
    outputs: str,
    name: str = "",
    /,
    **attributes: Any,  # noqa: ANN401 (any ONNX attribute)
) -> onnx.NodeProto:
    """Return a node; tensor names are separated by spaces, ``-`` stands for an absent one."""
    operands = ["" if item == "-" else item for item in inputs.split()]
    return helper.make_node(op_type, operands, outputs.split(), name=name, **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Extents],
    outputs: Sequence[str] = ("y",),
    weights: Mapping[str, object] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """Return a model with float32 inputs, outputs without a shape, and initializers."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        _tensors(weights),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def subgraph(
    nodes: Sequence[onnx.NodeProto], output: str, weights: Mapping[str, object] | None = None
) -> onnx.GraphProto:
    """Return a branch of an ``If`` with one result."""
    return helper.make_graph(
        list(nodes),
        "branch",
        [],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        _tensors(weights),
    )


def save(folder: Path, proto: onnx.ModelProto, name: str = "model.onnx") -> Path:
    """Write a model without any check."""
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path


def _tensors(weights: Mapping[str, object] | None) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.asarray(a), name) for name, a in (weights or {}).items()]
