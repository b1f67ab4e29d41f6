"""Layers and choices for the tests of kernels that read words of weights."""

from dataclasses import replace

from tests.support.op_cases import OpCase, quantized_case

from cnnc.codegen.choose import choose_kernels
from cnnc.codegen.kernel import Lowering
from cnnc.deploy.targets import find_target
from cnnc.ir.op import FloatOp
from cnnc.ir.quant_model import QuantModel


def changed(case: OpCase, **fields: object) -> QuantModel:
    """Return a model of one integer layer with other fields."""
    model = quantized_case(case, "double")
    node = model.nodes[0]
    return replace(model, nodes=(replace(node, op=replace(node.op, **fields)),))


def chosen(op: FloatOp, shape: tuple[int, ...], **fields: object) -> Lowering:
    """Return what a Cortex-M4 computes a layer by."""
    model = changed(OpCase("chosen", op, (shape,)), **fields)
    sets = frozenset(find_target("cortex-m4").core.instruction_sets)
    (choice,) = choose_kernels(model, sets)
    return choice.lowering
