"""Compute at compile time whatever depends on constants and static shapes alone."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.builder import GraphBuilder
from cnnc.ir.types import AnyArray, Shape

NEVER_FOLDED = frozenset({"RandomNormal", "RandomUniform", "Multinomial", "Bernoulli"})


def can_fold(node: onnx.NodeProto, builder: GraphBuilder) -> bool:
    """Whether every result of a node is known at compile time."""
    if node.op_type in NEVER_FOLDED or node.op_type == "If":
        return False
    if node.op_type in ("Shape", "Size"):
        return node.input[0] in builder.folded or node.input[0] in builder.stored
    return all(not name or name in builder.folded for name in node.input)


def fold(node: onnx.NodeProto, builder: GraphBuilder, opsets: Mapping[str, int]) -> None:
    """Compute a node whose operands are known and remember its results.

    Raises:
        UnsupportedAttributeError: The node cannot be computed; says why.
    """
    if node.op_type in ("Shape", "Size"):
        results = [_shape_result(node, builder.onnx_shape(node.input[0]))]
    else:
        results = _evaluate(node, builder, opsets)
    for name, result in zip(node.output, results, strict=False):
        if name:
            builder.folded[name] = np.asarray(result)


def _shape_result(node: onnx.NodeProto, shape: Shape) -> AnyArray:
    if node.op_type == "Size":
        return np.array(np.prod(shape, dtype=np.int64), np.int64)
    bounds = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return np.array(shape[bounds.get("start", 0) : bounds.get("end")], np.int64)


def _evaluate(
    node: onnx.NodeProto, builder: GraphBuilder, opsets: Mapping[str, int]
) -> list[AnyArray]:
    operands = {name: builder.folded[name] for name in node.input if name}
    graph = helper.make_graph(
        [node],
        "fold",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for name, a in operands.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in node.output if name],
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    try:
        model = helper.make_model(graph, opset_imports=imports)
        return list(ReferenceEvaluator(model).run(None, operands))
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        raise UnsupportedAttributeError(
            f"its constant value cannot be computed ({detail})"
        ) from error
