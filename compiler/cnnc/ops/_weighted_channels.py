"""Channels of layers with weights: bounds of their accumulators, and operands that are constant.

With centred operands x = q - z_in in [l, h], padding adds nothing, and the taps T(p) that lie in
the image are the same for all output pixels with one border pattern p:

    acc[o] = bias[o] + sum over t in T(p) and i of w[o,t,i] x[i]
    max acc[o] = bias[o] + max over p of sum over t in T(p) and i of w+ h[i] + w- l[i]

An operand's channel with one value c adds (c - z_in) sum over t in T(p) of w[o,t,i]: a constant
that the bias can take over if it is the same for every pattern p. Where c is not the zero point it
is in general not: a border pixel sees padding where an inner pixel sees c.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, Mask
from cnnc.ir.types import I8, I64, AnyWindow, Shape, WindowAxis
from cnnc.ops._blocks import absolute_sums, row_blocks
from cnnc.ops._channel_bounds import requantized_bounds
from cnnc.quantize.fixed_point import INT32_MAX

if TYPE_CHECKING:
    from cnnc.ops._requantize import QuantWeightedOp


def border_patterns(window: AnyWindow, extents: Shape) -> I64:
    """Return each set of taps that some output pixel sees in the image, once.

    Args:
        window: Slides over the image.
        extents: Of the image, along the window's axes.

    Returns:
        [patterns][taps], 1 for a tap in the image, else 0.
    """
    pairs = zip(window.axes, extents, strict=True)
    return combined_patterns([_taps_inside(axis, extent) for axis, extent in pairs])


def combined_patterns(along: Sequence[Mask]) -> I64:
    """Return the sets of taps of a kernel from those along each of its axes.

    Args:
        along: For each axis [sets][taps], which taps are seen; repeated sets are allowed.
    """
    combined = np.ones((1, 1), np.bool_)
    for taps in along:
        sets = np.unique(taps, axis=0)
        pairs = combined[:, np.newaxis, :, np.newaxis] & sets[np.newaxis, :, np.newaxis, :]
        combined = pairs.reshape(len(combined) * len(sets), -1)
    return combined.astype(np.int64)


def _taps_inside(axis: WindowAxis, extent: int) -> Mask:
    starts = np.arange(axis.output_extent(extent))[:, np.newaxis] * axis.stride - axis.pad_before
    taps = starts + np.arange(axis.kernel) * axis.dilation
    inside: Mask = (taps >= 0) & (taps < extent)
    return inside


def weighted_bounds(op: "QuantWeightedOp", site: ChannelSite) -> ChannelBounds:
    """Return the bounds of the result of a layer with weights."""
    weight = op.grouped_weight()  # [groups][out / groups][taps][in / groups]
    groups, outputs, taps, depth = weight.shape
    patterns = op.border_patterns(site.input_shapes[0]).astype(np.float64)
    # Exact: every sum is an integer far below 2^53.
    low, high = (
        (end - op.input_zero_point).astype(np.float64).reshape(groups, depth, 1)
        for end in (site.bounds[0].low, site.bounds[0].high)
    )
    least, most = np.empty((groups, outputs)), np.empty((groups, outputs))
    for part in row_blocks(outputs, groups * taps * depth):
        rows = weight[:, part].reshape(groups, -1, depth).astype(np.float64)
        positive, negative = np.maximum(rows, 0), np.minimum(rows, 0)
        # Last axis: border patterns.
        ends = [
            (positive @ ours + negative @ theirs).reshape(groups, -1, taps) @ patterns.T
            for ours, theirs in ((low, high), (high, low))
        ]
        least[:, part], most[:, part] = ends[0].min(axis=2), ends[1].max(axis=2)
    accumulators = ChannelBounds(
        op.bias + least.reshape(-1).astype(np.int64), op.bias + most.reshape(-1).astype(np.int64)
    )
    return requantized_bounds(
        site.arithmetic,
        accumulators,
        (op.multipliers, op.shifts),
        op.output_zero_point,
        (op.minimum, op.maximum),
    )


def widen_dense(op: "QuantWeightedOp", site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
    """Return the operand's channels that kept results depend on, for a layer of one group.

    A channel is left out if all its weights are zero or if the bias can take it over.
    """
    patterns = op.border_patterns(site.input_shapes[0])
    by_tap = _kept_rows(op, choice.output).any(axis=0)
    read = by_tap[patterns.any(axis=0)].any(axis=0)
    kept = choice.inputs[0] | (read & ~_absorbed(op, site, choice.output))
    return ChannelChoice((kept,), choice.output)


def absorbed_bias(op: "QuantWeightedOp", site: ChannelSite, choice: ChannelChoice) -> I64:
    """Return what the removed constant channels add to the bias of each kept result."""
    removed = site.bounds[0].is_constant & ~choice.inputs[0]
    weight = _kept_rows(op, choice.output)[:, :, removed]
    pattern = op.border_patterns(site.input_shapes[0])[0]
    constants = site.bounds[0].low[removed] - op.input_zero_point
    return _sum_over_taps(weight, pattern) @ constants


def _absorbed(op: "QuantWeightedOp", site: ChannelSite, outputs: Mask) -> Mask:
    """Return which operand channels are constant and add the same to every pixel."""
    absorbed = site.bounds[0].is_constant.copy()
    weight = _kept_rows(op, outputs)[:, :, absorbed]
    if not _fits(op, outputs):
        return np.zeros_like(absorbed)
    first, *others = op.border_patterns(site.input_shapes[0])
    same = site.bounds[0].low[absorbed] == op.input_zero_point
    differences = [_sum_over_taps(weight, other - first) for other in others]
    unequal = np.any([difference.any(axis=0) for difference in differences], axis=0)
    absorbed[absorbed] = same | ~unequal
    return absorbed


def _kept_rows(op: "QuantWeightedOp", outputs: Mask) -> I8:
    """Return the weights of the kept outputs, without a copy where all are kept."""
    weight = op.grouped_weight()[0]
    kept: I8 = weight if outputs.all() else weight[outputs]
    return kept


def _fits(op: "QuantWeightedOp", outputs: Mask) -> bool:
    """Return whether no bias or accumulator can leave int32 whatever the bias takes over."""
    weight = op.grouped_weight()[0]
    sums = absolute_sums(weight.reshape(len(weight), -1))[outputs]
    bound = np.abs(op.bias[outputs].astype(np.int64)) + 255 * sums
    return bool((bound <= INT32_MAX).all())


def _sum_over_taps(weight: I8, pattern: I64) -> I64:
    """Return sum over t of pattern[t] weight[o,t,i] as [out][in]."""
    sums: I64 = np.einsum("t,oti->oi", pattern, weight.astype(np.int64))
    return sums
