"""Layers in parts, one for each thread: every part is the same operator on some of the output.

A part is lowered by the kernel of the whole layer and computes the same elements from the same
numbers, so the bytes do not depend on the number of parts. Output row r of a window that starts at
input row r S - P (stride S, padding P) makes a part of rows [a, b) read the input rows
[a S - P, (b - 1) S - P + span): what lies outside of the image is the part's padding.
"""

from collections.abc import Sequence
from dataclasses import replace

from cnnc.codegen.choose import Choice, site_of
from cnnc.codegen.faster import FasterChoices
from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.parts import Part
from cnnc.codegen.variants import Refusal, variants_for
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.memory.place import ALIGNMENT

WORTH_MACS = 60_000
"""Fewer take less time than waking the threads."""
_ELEMENT_COST = 4
"""Of an element of a result, in multiply-accumulates, for layers that have none."""


def split_choices(
    model: QuantModel, choices: Sequence[Choice], instruction_sets: frozenset[str], threads: int
) -> tuple[Choice, ...]:
    """Return the choices with parts for the layers that are worth it.

    Args:
        model: Quantized network.
        choices: How each layer is computed, in the model's order.
        instruction_sets: Kernel sets that they were chosen from.
        threads: Parts of a layer at most, >= 1.
    """
    pairs = zip(model.nodes, choices, strict=True)
    return tuple(
        split_choice(model, node, choice, instruction_sets, threads) for node, choice in pairs
    )


def split_faster(model: QuantModel, faster: FasterChoices, threads: int) -> FasterChoices:
    """Return the choices for better processors in parts; see ``split_choices``."""
    divided = tuple(
        {
            layer: split_choice(
                model, model.nodes[layer], choice, kernel_set.instruction_sets, threads
            )
            for layer, choice in choices.items()
        }
        for kernel_set, choices in zip(faster.kernel_sets, faster.choices, strict=True)
    )
    return replace(faster, choices=divided)


def split_choice(
    model: QuantModel,
    node: QuantNode,
    choice: Choice,
    instruction_sets: frozenset[str],
    threads: int,
) -> Choice:
    """Return a layer's choice with parts, or as it is where they cannot be or are not worth it."""
    site = site_of(model, node, instruction_sets)
    if threads == 1 or choice.lowering.is_alias or _work(node, site) < WORTH_MACS:
        return choice
    parts = node.op.split(site, threads)
    lowerings = _lower_parts(choice.lowering, node, parts, instruction_sets)
    if len(lowerings) < 2:
        return choice
    return replace(choice, lowering=join_parts(choice.lowering, parts, lowerings))


def _work(node: QuantNode, site: LoweringSite) -> int:
    elements = 1
    for extent in site.output:
        elements *= extent
    return max(node.op.macs(site.inputs), _ELEMENT_COST * elements)


def _lower_parts(
    whole: Lowering, node: QuantNode, parts: Sequence[Part], instruction_sets: frozenset[str]
) -> list[Lowering]:
    """Return the parts by the kernels of the whole; nothing where these do not compute them."""
    for variant in (None, *variants_for(node.op, instruction_sets)):
        lowerings: list[Lowering] = []
        for part in parts:
            site = part.site
            answer = variant.lower(part.op, site) if variant else part.op.lower(site)
            if isinstance(answer, Refusal) or answer.kernels != whole.kernels:
                break
            lowerings.append(answer)
        if lowerings and len(lowerings) == len(parts):
            return lowerings
    return []


def join_parts(whole: Lowering, parts: Sequence[Part], lowerings: Sequence[Lowering]) -> Lowering:
    """Return one lowering of all calls; each part has scratch memory of its own.

    Args:
        whole: Of the layer.
        parts: What computes it.
        lowerings: Of each part.
    """
    scratch = max(lowering.scratch_bytes for lowering in lowerings)
    scratch += -scratch % ALIGNMENT
    calls = [
        replace(call, arguments=tuple(_moved(a, part, number * scratch) for a in call.arguments))
        for number, (part, lowering) in enumerate(zip(parts, lowerings, strict=True))
        for call in lowering.calls
    ]
    # A part that writes where another one still reads would spoil it.
    over_read = max(lowering.over_read_bytes for lowering in lowerings)
    is_apart = all(part.is_elementwise for part in parts) and not over_read
    return replace(
        whole,
        calls=tuple(calls),
        scratch_bytes=scratch * len(parts),
        in_place=whole.in_place if is_apart else (),
        over_read_bytes=over_read,
        part_calls=tuple(len(lowering.calls) for lowering in lowerings),
    )


def _moved(argument: Argument, part: Part, scratch_bytes: int) -> Argument:
    if isinstance(argument, InputArgument):
        moved = argument.offset + part.input_offsets[argument.index]
        return replace(argument, offset=moved)
    if isinstance(argument, OutputArgument):
        return replace(argument, offset=argument.offset + part.output_offset)
    if isinstance(argument, ScratchArgument):
        return replace(argument, offset=argument.offset + scratch_bytes)
    return argument
