"""What lowering decides, and which disagreements of op and kernel it reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.support.quant_networks import branching_network, chain_network, steep_table

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.lower import lower
from cnnc.codegen.program import ArenaPointer, ArrayPointer
from cnnc.errors import InternalError
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, Shape
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

TABLE = ConstantArgument("table", steep_table())
LOOKUP: tuple[Argument, ...] = (InputArgument(0), OutputArgument(), TABLE)


@dataclass(frozen=True, eq=False)
class Scripted(QuantOp):
    """An op whose lowering is given."""

    lowering: Lowering

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Return the operand."""
        return inputs[0]

    def lower(self, site: LoweringSite) -> Lowering:
        """Return what was given."""
        return self.lowering

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Not for tests that export."""
        raise NotImplementedError


def scripted(lowering: Lowering) -> QuantModel:
    """Return the chain with another second layer."""
    model = chain_network()
    changed = replace(model.nodes[1], op=Scripted(lowering))
    return replace(model, nodes=(model.nodes[0], changed, *model.nodes[2:]))


def lookup(*arguments: Argument, scratch: int = 0, **parameters: int) -> Lowering:
    """Return a call of the table kernel."""
    given = parameters or {"size": 12}
    return Lowering((KernelCall("lookup_s8", "lookup", given, arguments),), scratch)


def test_chain_is_lowered() -> None:
    program = lower(chain_network())
    assert [layer.function for layer in program.layers] == [
        "chain_layer_0_max_pool",
        "chain_layer_1_sigmoid",
        "chain_layer_2_reshape",
        "chain_layer_3_fully_connected",
    ]
    assert program.layers[1].kernels == ("cnnc_lookup_s8",)
    assert program.layers[2].kernels == ()
    assert program.layers[1].weight_bytes == 256
    assert program.layers[1].result == ArenaPointer(32)
    assert program.weight_bytes == sum(layer.weight_bytes for layer in program.layers)
    assert len(program.plan.live_bytes) == len(program.layers)


def test_parameters_are_in_the_header_s_order() -> None:
    call = lower(chain_network()).layers[3].calls[0]
    assert tuple(name for name, _ in call.parameters) == call.kernel.fields


def test_constant_operand_becomes_an_array() -> None:
    program = lower(branching_network())
    arguments = program.layers[2].calls[0].arguments
    assert arguments[1] == ArrayPointer("branching_constant_0")
    assert [array.symbol for array in program.arrays] == ["branching_constant_0"]


def test_array_that_is_passed_twice_is_stored_once() -> None:
    call = KernelCall("lookup_s8", "lookup", {"size": 12}, LOOKUP)
    other = ConstantArgument("table", steep_table()[::-1])
    swapped = KernelCall("lookup_s8", "lookup", {"size": 12}, (*LOOKUP[:2], other))
    program = lower(scripted(Lowering((call, call, swapped))))
    symbols = [array.symbol for array in program.arrays[:2]]
    assert symbols == ["chain_layer_1_table", "chain_layer_1_table_1"]
    assert program.layers[1].weight_bytes == 512
    np.testing.assert_array_equal(program.arrays[1].array, steep_table()[::-1])


def test_offsets_move_pointers() -> None:
    moved = lookup(InputArgument(0, 3), OutputArgument(5), TABLE)
    call = lower(scripted(moved)).layers[1].calls[0]
    plan = lower(scripted(moved)).plan.values
    assert call.arguments[0] == ArenaPointer(plan["pooled"].offset + 3)
    assert call.arguments[1] == ArenaPointer(plan["curved"].offset + 5)


def test_scratch_is_placed() -> None:
    arguments = (InputArgument(0), ScratchArgument(2), TABLE)
    program = lower(scripted(lookup(*arguments, scratch=40)))
    offset = program.plan.scratch_offsets[1]
    assert offset is not None
    assert program.layers[1].calls[0].arguments[1] == ArenaPointer(offset + 2)


@pytest.mark.parametrize(
    ("lowering", "problem"),
    [
        (lookup(*LOOKUP[:2]), "passes 2 pointers to cnnc_lookup_s8, which takes 3"),
        (lookup(*LOOKUP, length=12), r"without a value \['size'\], unknown ones \['length'\]"),
        (lookup(*LOOKUP, size=2**31), "size = 2147483648 does not fit int32"),
        (
            lookup(*LOOKUP[:2], ConstantArgument("table", np.zeros(256, np.int32))),
            "'table' of layer 1 is int32, its kernel reads int8_t",
        ),
        (
            Lowering((KernelCall("max_pool_f32", "max_pool", {}, LOOKUP[:2]),)),
            r"\(scripted\) hands int8 to a kernel that works on float",
        ),
        (lookup(InputArgument(0), ScratchArgument(), TABLE), "that it did not ask for"),
        (Lowering((), scratch_bytes=4), "computes nothing but asks for scratch"),
    ],
)
def test_disagreements_are_our_bugs(lowering: Lowering, problem: str) -> None:
    with pytest.raises(InternalError, match=problem):
        lower(scripted(lowering))
