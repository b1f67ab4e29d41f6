"""Rows of int8 weights in whole words, for SXTB16 and SMLAD without further packing.

Sums have all of int32 and results are scaled as in plain C, so this takes any layer that pairs of
channels that share halfwords cannot, unless it is so small that plain C is faster.
"""

from dataclasses import replace

import numpy as np

from cnnc.codegen.kernel import Argument, ConstantArgument, KernelCall, Lowering, ScratchArgument
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import I8

WORD = 4
"""Weights that are loaded at a time."""
CHANNELS = 4
"""Channels that share loads of values."""
_RESULT = 78
"""Instructions that scale a sum and store it."""


def words_lowering(
    call: KernelCall, kernel: str, weights: I8, pixels: int, groups: int = 1
) -> Lowering | Refusal:
    """Return a layer's lowering by words, or why plain C is faster.

    Args:
        call: Of the plain kernel; only the layout of the weights and the scratch memory differ.
        kernel: Who computes it, with the fields of the plain kernel.
        weights: [out][depth].
        pixels: Results of each output channel.
        groups: Of the channels.
    """
    rows = ConstantArgument("weights", _in_words(weights))
    channels, padded = rows.array.shape
    constants = (rows if _is_weights(a) else a for a in call.arguments)
    arguments = tuple(a for a in constants if not isinstance(a, ScratchArgument))
    gathers = "kernel_rows" in call.parameters
    gathering = _gathering(call, groups, weights.shape[1]) if gathers else 0
    pixel = groups * (_sums(channels // groups, padded) + _expansion(padded) + gathering)
    plain = groups * _plain(channels // groups, weights.shape[1], gathers)
    if pixel >= plain:
        return Refusal("plain C is faster with so few inputs or output channels")
    return Lowering(
        calls=(replace(call, kernel=kernel, arguments=(*arguments, ScratchArgument())),),
        scratch_bytes=(3 if gathers else 2) * padded,
        instructions=pixels * (pixel + 20) + 100,
    )


def _is_weights(argument: Argument) -> bool:
    return isinstance(argument, ConstantArgument) and argument.role == "weights"


def _in_words(weights: I8) -> I8:
    """Fill rows up to whole words."""
    channels, depth = weights.shape
    rows = np.zeros((channels, -(-depth // WORD) * WORD), np.int8)
    rows[:, :depth] = weights
    return rows


def _sums(channels: int, depth: int) -> int:
    """Estimate the sums and results of one pixel and group."""
    fours, rest = divmod(channels, CHANNELS)
    words = depth // WORD
    return fours * (25 * words + 24) + rest * (10 * words + 8) + _RESULT * channels + 40


def _plain(channels: int, depth: int, gathers: bool) -> int:
    """Estimate one pixel and group in plain C, which is compiled for its layer alone."""
    fours, rest = divmod(channels, CHANNELS)
    return (11 * fours + 5 * rest) * depth + 40 * channels + (2 * depth if gathers else 0)


def _expansion(depth: int) -> int:
    return 7 * depth // WORD + 20


def _gathering(call: KernelCall, groups: int, depth: int) -> int:
    """Estimate how long the taps of one pixel and group take to copy."""
    fields = call.parameters
    taps = fields["kernel_rows"] * (1 if groups == 1 else fields["kernel_cols"])
    return 2 * depth + 45 * taps
