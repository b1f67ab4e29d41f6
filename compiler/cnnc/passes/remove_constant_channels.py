"""Remove channels that always hold one value, and channels that nobody reads.

    conv(x; w, b) with x[i] = c for all pixels and inputs
        = conv(x without i; w without i, b + (c - z_in) sum over t of w[t,i])

exactly, where that sum is the same for inner and border pixels (``ops/_weighted_channels.py``). A
column of zero weights makes a channel unread. Layers that treat each channel by itself (depthwise
convolution, pooling, tables, sums of two tensors) lose the channel on both sides. A layer whose
channels are all constant becomes a constant or disappears.

Proofs use interval arithmetic on the exact integers (``_channel_analysis.py``). Inputs and outputs
of the model keep all their channels. For every value that lost channels ``QuantModel.channel_maps``
says what they held, so that the values of the network before can be restored and compared.
"""

import logging
from dataclasses import replace

import numpy as np

from cnnc.ir.channels import ChannelMap, Mask
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import AnyArray
from cnnc.passes._channel_analysis import ChannelAnalysis, analyse_channels
from cnnc.passes._framework import Pass

_LOGGER = logging.getLogger(__name__)


def _run(model: QuantModel) -> QuantModel:
    if model.channel_maps:
        # One round finds all that can go, and a second map would have to be joined to the first.
        return model
    analysis = analyse_channels(model)
    computed = [node for node in model.nodes if analysis.is_computed(node)]
    if len(computed) == len(model.nodes) and all(mask.all() for mask in analysis.kept.values()):
        return model
    stored = _stored_constants(analysis)
    nodes = tuple(_kept_node(analysis, node) for node in computed)
    maps = _channel_maps(analysis, {node.output for node in computed})
    _log(maps)
    defined = {port.value for port in model.inputs} | {node.output for node in nodes}
    return replace(
        model,
        nodes=nodes,
        constants=stored,
        values={
            name: _kept_value(value, analysis.kept[name])
            for name, value in model.values.items()
            if name in defined or name in stored
        },
        channel_maps=maps,
    )


def _kept_node(analysis: ChannelAnalysis, node: QuantNode) -> QuantNode:
    choice = analysis.choice(node)
    if choice.output.all() and all(mask.all() for mask in choice.inputs):
        return node
    return replace(node, op=node.op.keep_channels(analysis.site(node), choice))


def _kept_value(value: QuantValue, mask: Mask) -> QuantValue:
    if mask.all():
        return value
    return replace(value, shape=(*value.shape[:-1], int(mask.sum())))


def _stored_constants(analysis: ChannelAnalysis) -> dict[str, AnyArray]:
    """Return the constants of the new model: old ones, and results that are constant."""
    model = analysis.model
    stored: dict[str, AnyArray] = {}
    for name, array in model.constants.items():
        mask = analysis.kept[name]
        if mask.any():
            stored[name] = array if mask.all() else np.ascontiguousarray(array[..., mask])
    for node in model.nodes:
        mask = analysis.kept[node.output]
        if mask.any() and not analysis.is_computed(node):
            shape = _kept_value(model.values[node.output], mask).shape
            constants = analysis.bounds[node.output].low[mask].astype(np.int8)
            # A scalar has one channel but no axis for it.
            stored[node.output] = np.broadcast_to(constants.reshape(shape[-1:]), shape).copy()
    return stored


def _channel_maps(analysis: ChannelAnalysis, computed: set[str]) -> dict[str, ChannelMap]:
    maps: dict[str, ChannelMap] = {}
    for node in analysis.model.nodes:
        name = node.output
        mask = analysis.kept[name] if name in computed else np.zeros_like(analysis.kept[name])
        if mask.all():
            continue
        bounds = analysis.bounds[name]
        constant = np.flatnonzero(bounds.is_constant & ~mask)
        maps[name] = ChannelMap(
            shape=analysis.model.values[name].shape,
            kept=np.flatnonzero(mask).astype(np.int32),
            constant=constant.astype(np.int32),
            constants=bounds.low[constant].astype(np.int8),
        )
    return maps


def _log(maps: dict[str, ChannelMap]) -> None:
    constant = sum(len(channels.constant) for channels in maps.values())
    removed = sum(channels.channels - len(channels.kept) for channels in maps.values())
    _LOGGER.info(
        "removed %d channels of %d values: %d constant, %d unread",
        removed,
        len(maps),
        constant,
        removed - constant,
    )
    for name, channels in maps.items():
        _LOGGER.debug("%s: %d of %d channels left", name, len(channels.kept), channels.channels)


REMOVE_CONSTANT_CHANNELS: Pass[QuantModel] = Pass("remove_constant_channels", _run)
