"""Decide which channels of an integer model need not be computed.

Forward, the op of each node maps the bounds of its operands' channels to those of its result. A
channel whose bounds meet is constant. Backward, kept channels ask for what they depend on:

    all channels of the model's inputs and outputs are kept;
    a node whose kept channels are all constant asks for nothing, it becomes a constant itself;
    any other node asks for what ``QuantOp.widen_channels`` adds, and for one channel of each
    operand at least.

Sets only grow, so repeating this until nothing grows ends, with the least sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, Mask, channel_count
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.ir.types import ElementType
from cnnc.quantize.fixed_point import Arithmetic


@dataclass(frozen=True, eq=False)
class ChannelAnalysis:
    """What is known of each value's channels, and which are kept.

    Attributes:
        model: The network.
        bounds: Of every value, constants included.
        kept: [channels] of every value.
    """

    model: QuantModel
    bounds: Mapping[str, ChannelBounds]
    kept: Mapping[str, Mask]

    def site(self, node: QuantNode) -> ChannelSite:
        """Return the surroundings of a node's op."""
        return _site(self.model, self.bounds, node)

    def choice(self, node: QuantNode) -> ChannelChoice:
        """Return what is kept around a node."""
        return ChannelChoice(tuple(self.kept[name] for name in node.inputs), self.kept[node.output])

    def is_computed(self, node: QuantNode) -> bool:
        """Return whether a kept channel of the node's result is not constant, or is an output."""
        return _is_computed(self.model, self.bounds, self.kept, node)


def analyse_channels(model: QuantModel) -> ChannelAnalysis:
    """Return bounds and kept channels of every value."""
    bounds = _all_bounds(model)
    kept = {
        name: np.zeros(channel_count(value.shape), np.bool_) for name, value in model.values.items()
    }
    for port in (*model.inputs, *model.outputs):
        kept[port.value] = np.ones_like(kept[port.value])
    while _grow(model, bounds, kept):
        pass
    return ChannelAnalysis(model, bounds, kept)


def _all_bounds(model: QuantModel) -> dict[str, ChannelBounds]:
    # What is not int8 is never called constant: bounds are int8 numbers.
    bounds = {
        name: ChannelBounds.unknown(channel_count(value.shape))
        for name, value in model.values.items()
    }
    for name, array in model.constants.items():
        if _is_int8(model, name):
            bounds[name] = ChannelBounds.of_array(array)
    for node in model.nodes:
        if _is_int8(model, node.output):
            bounds[node.output] = node.op.channel_bounds(_site(model, bounds, node))
    return bounds


def _is_int8(model: QuantModel, name: str) -> bool:
    return model.values[name].element_type is ElementType.INT8


def _site(model: QuantModel, bounds: Mapping[str, ChannelBounds], node: QuantNode) -> ChannelSite:
    return ChannelSite(
        input_shapes=model.input_shapes(node),
        output_shape=model.values[node.output].shape,
        bounds=tuple(bounds[name] for name in node.inputs),
        arithmetic=Arithmetic(model.rounding),
    )


def _is_computed(
    model: QuantModel,
    bounds: Mapping[str, ChannelBounds],
    kept: Mapping[str, Mask],
    node: QuantNode,
) -> bool:
    if any(port.value == node.output for port in model.outputs):
        return True
    return bool((kept[node.output] & ~bounds[node.output].is_constant).any())


def _grow(model: QuantModel, bounds: Mapping[str, ChannelBounds], kept: dict[str, Mask]) -> bool:
    """Let every node ask once, last node first; returns whether any set grew."""
    before = sum(int(mask.sum()) for mask in kept.values())
    for node in reversed(model.nodes):
        if not _is_computed(model, bounds, kept, node):
            continue
        asked = ChannelChoice(tuple(kept[name] for name in node.inputs), kept[node.output])
        choice = node.op.widen_channels(_site(model, bounds, node), asked)
        for name, mask in (
            (node.output, choice.output),
            *zip(node.inputs, choice.inputs, strict=True),
        ):
            kept[name] = kept[name] | mask
        for name in node.inputs:
            if not kept[name].any():
                kept[name] = _one_channel(bounds[name])
    return sum(int(mask.sum()) for mask in kept.values()) > before


def _one_channel(bounds: ChannelBounds) -> Mask:
    """Return the first constant channel, which costs least, or else the first one."""
    mask = np.zeros(len(bounds.low), np.bool_)
    mask[int(np.argmax(bounds.is_constant))] = True
    return mask
