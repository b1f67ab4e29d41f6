"""Compute at compile time whatever depends on constants and static shapes alone."""

import logging
import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.builder import GraphBuilder
from cnnc.importer.fold_quantization import (
    MOVEMENTS,
    QUANTIZATION,
    dequantize_constant,
    quantize_constant,
)
from cnnc.importer.spelling import QUANTIZE
from cnnc.ir.types import AnyArray, Shape

logger = logging.getLogger(__name__)

SHAPE_OPERATORS = frozenset({"Shape", "Size"})
"""Their result depends on the operand's static shape alone."""

_RANDOM = frozenset({
    "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial",
    "Bernoulli",
})  # fmt: skip


def can_fold(node: onnx.NodeProto, builder: GraphBuilder) -> bool:
    """Whether every result of a node is known at compile time."""
    if node.op_type in _RANDOM or any(attribute.HasField("g") for attribute in node.attribute):
        return False
    if node.op_type in SHAPE_OPERATORS:
        return any(name in builder.folded or name in builder.stored for name in node.input)
    return all(not name or name in builder.folded for name in node.input)


def fold(node: onnx.NodeProto, builder: GraphBuilder, opsets: Mapping[str, int]) -> None:
    """Compute a node whose operands are known and remember its results.

    Raises:
        UnsupportedAttributeError: The node cannot be computed; says why.
    """
    operands = {name: builder.folded[name] for name in node.input if name in builder.folded}
    if node.op_type in SHAPE_OPERATORS:
        results = [_shape_result(node, builder.onnx_shape(node.input[0]))]
    elif node.op_type in QUANTIZATION:
        results = [_fold_quantization(node, builder)]
    else:
        results = _evaluate(node, operands, opsets)
    for name, result in zip([name for name in node.output if name], results, strict=True):
        builder.folded[name] = result
        logger.debug("%s '%s' is a constant of shape %s", node.op_type, name, result.shape)
    if node.op_type in MOVEMENTS and node.input[0] in builder.scales:
        operands[node.input[0]] = builder.scales[node.input[0]]
        builder.scales[node.output[0]] = _evaluate(node, operands, opsets)[0].astype(np.float32)


def _shape_result(node: onnx.NodeProto, shape: Shape) -> AnyArray:
    if node.op_type == "Size":
        return np.array(math.prod(shape), np.int64)
    bounds = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return np.array(shape[bounds.get("start", 0) : bounds.get("end")], np.int64)


def _fold_quantization(node: onnx.NodeProto, builder: GraphBuilder) -> AnyArray:
    operands = [builder.folded[name] for name in node.input if name]
    if node.op_type == QUANTIZE:
        return quantize_constant(node, operands)
    dequantized = dequantize_constant(node, operands)
    if dequantized.scales is not None:
        builder.scales[node.output[0]] = dequantized.scales
    if dequantized.asymmetric:
        builder.asymmetric.add(node.output[0])
    return dequantized.array


def _evaluate(
    node: onnx.NodeProto, operands: Mapping[str, AnyArray], opsets: Mapping[str, int]
) -> list[AnyArray]:
    try:
        # Division by zero and the like show in the result, which its reader checks.
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(_one_node_model(node, operands, opsets)).run(
                None, dict(operands)
            )
    except Exception as error:
        detail = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise UnsupportedAttributeError(
            f"its operands are constants, but its value cannot be computed: {detail}"
        ) from error
    arrays = [
        np.asarray(result) for result in results if isinstance(result, np.ndarray | np.generic)
    ]
    if len(arrays) != len(results):
        raise UnsupportedAttributeError("its constant value is not a tensor")
    return arrays


def _one_node_model(
    node: onnx.NodeProto, operands: Mapping[str, AnyArray], versions: Mapping[str, int]
) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in operands.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = helper.make_graph([node], "fold", inputs, outputs)
    imports = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    return helper.make_model(graph, opset_imports=imports)
