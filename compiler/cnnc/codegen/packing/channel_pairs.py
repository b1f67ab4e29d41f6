"""Pairs of output channels whose int8 weights share halfwords, for SMLAD and SXTB16.

A halfword holds 256 A + B, the weights of channels A and B for one input. With activations x as
halfwords, SMLAD on the word itself sums M = x . (256 A + B), and SMLAD on its SXTB16 sums
S = x . B; so x . A = (M - S) / 256 exactly while |256 x . A| < 2^31. Half of the unpacking is
saved, and weights stay one byte each.

Sums start at the channel's bias, so that S is B's accumulator and M - S is 256 times A's.
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from cnnc.codegen.packing.requantize_dsp import (
    Exact,
    Line,
    Requantization,
    fit_exact,
    fit_line_through,
    fit_lines,
)
from cnnc.ir.types import I8, I32, I64

UNIT_INPUTS = 4
"""SXTB16 takes bytes 0 and 2, then 1 and 3, so inputs come in fours."""
HIGH_UNIT = 256
"""M - S is this many times the accumulator of A."""
LINE_SHIFT_HIGH, LINE_SHIFT_LOW = 12, 4
"""Shifts of the line formula in cnnc_channel_pairs_dsp.S: bits below the result of A and of B."""
_CONSTANTS_TRIED = 64


@dataclass(frozen=True, eq=False)
class PackedPairs:
    """Weights and constants of all channels in the order that a kernel reads.

    Attributes:
        words: int32, block by block.
        sign: Parameter of the exact formula, or None where the line formula is used.
    """

    words: I32
    sign: int | None


def padded_depth(depth: int, multiple: int = UNIT_INPUTS) -> int:
    """Return the number of inputs, weights of zero included, that the kernels read."""
    return -(-depth // multiple) * multiple


def accumulator_range(weight: I8, bias: I64) -> tuple[I64, I64]:
    """Return the least and greatest accumulator of each channel over all int8 inputs.

    Args:
        weight: [channels][depth].
        bias: [channels], the input's zero point folded in.
    """
    wide = weight.astype(np.int64)
    positive = np.maximum(wide, 0).sum(axis=1)
    negative = np.minimum(wide, 0).sum(axis=1)
    return bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative


def group_channels(channels: int, size: int) -> I64:
    """Return which channels each block computes, [blocks][size].

    A remainder is a block of the last ``size`` channels, some of which are computed twice.

    Raises:
        ValueError: There are fewer channels than a block has.
    """
    if channels < size:
        raise ValueError(f"{channels} channels make no block of {size}")
    starts = list(range(0, channels - size + 1, size))
    if channels % size:
        starts.append(channels - size)
    return np.array(starts, np.int64)[:, np.newaxis] + np.arange(size)


def pair_fault(weight: I8, pairs: I64) -> str | None:
    """Return why weights of [channels][depth] cannot be paired, or None."""
    wide = weight.astype(np.int64)
    if np.any(256 * wide[pairs[:, 0]] + wide[pairs[:, 1]] < -(2**15)):
        return "a weight of -128 leaves no room for another channel in its halfword"
    return None


def pair_words(weight: I8, pairs: I64) -> I32:
    """Return the words of each pair of channels, [pairs][depth / 2].

    Args:
        weight: [channels][depth], depth a multiple of 4; no ``pair_fault``.
        pairs: Channel A, in the high bytes, and channel B of each pair, [pairs][2].
    """
    wide = weight.astype(np.int64)
    # [pairs][fours][4] -> [pairs][fours][word: inputs 0 and 2, then 1 and 3]
    halves = (256 * wide[pairs[:, 0]] + wide[pairs[:, 1]]).reshape(len(pairs), -1, 2, 2)
    words = (halves[:, :, 0, :] & 0xFFFF) | (halves[:, :, 1, :] << 16)
    return to_words(words.reshape(len(pairs), -1))


def pack_pairs(weight: I8, requantization: Requantization, bias: I64) -> PackedPairs | str:
    """Return what cnnc_channel_pairs_dsp.S reads for every pair of channels, or why it cannot.

    A block is [M0][S0][words] and then, by the line formula, [multiplier A, B][constant of both];
    by the exact one, [multiplier][constant][shift] of A and of B.

    Args:
        weight: [channels][depth], depth a multiple of 4, at least 2 channels.
        requantization: Of the same channels.
        bias: [channels], the input's zero point folded in.
    """
    pairs = group_channels(len(weight), 2)
    fault = pair_fault(weight, pairs)
    if fault is not None:
        return fault
    words = pair_words(weight, pairs)
    lines = _fit_lines(requantization, pairs)
    if lines is not None:
        return PackedPairs(_line_blocks(words, pairs, bias, lines), None)
    exact = fit_exact(requantization)
    if isinstance(exact, str):
        return exact
    constants = exact_constants(exact, pairs)
    return PackedPairs(_blocks(pair_biases(bias, pairs), words, constants), exact.sign)


def pack_row_pairs(weight: I8, requantization: Requantization, bias: I64) -> PackedPairs | str:
    """Return what cnnc_row_pairs_dsp.S reads for every four channels, or why it cannot.

    A block is [M0, S0 of both pairs][word of both pairs for each two inputs][multiplier, constant
    and shift of each channel].

    Args:
        weight: [channels][depth], depth a multiple of 8, at least 4 channels.
        requantization: Of the same channels.
        bias: [channels], the input's zero point folded in.
    """
    pairs = group_channels(len(weight), 4).reshape(-1, 2)
    fault = pair_fault(weight, pairs)
    if fault is not None:
        return fault
    exact = fit_exact(requantization)
    if isinstance(exact, str):
        return exact
    blocks = len(pairs) // 2
    # [blocks][pair][depth / 2] -> [blocks][depth / 2][pair]
    words = pair_words(weight, pairs).reshape(blocks, 2, -1).transpose(0, 2, 1)
    starts = pair_biases(bias, pairs).reshape(blocks, 4)
    constants = exact_constants(exact, pairs).reshape(blocks, 12)
    return PackedPairs(_blocks(starts, words.reshape(blocks, -1), constants), exact.sign)


def pair_biases(bias: I64, pairs: I64) -> I64:
    """Return the initial sums M and S of each pair, [pairs][2]; M modulo 2^32."""
    high, low = bias[pairs[:, 0]], bias[pairs[:, 1]]
    return np.stack([HIGH_UNIT * high + low, low], axis=1)


def exact_constants(exact: Exact, pairs: I64) -> I64:
    """Return multiplier, constant and shift of both channels of each pair, [pairs][6]."""
    columns = np.stack([exact.multipliers, exact.constants, exact.shifts], axis=1)
    return columns[pairs].reshape(len(pairs), 6)


def to_words(values: I64) -> I32:
    """Return integers modulo 2^32 as int32."""
    words: I32 = (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    return words


def _fit_lines(requantization: Requantization, pairs: I64) -> list[tuple[Line, Line]] | None:
    if requantization.fault() is not None:
        return None
    found: list[tuple[Line, Line]] = []
    for high, low in pairs.tolist():
        lines = _fit_pair(requantization, high, low)
        if lines is None:
            return None
        found.append(lines)
    return found


def _fit_pair(requantization: Requantization, high: int, low: int) -> tuple[Line, Line] | None:
    """Return lines of both channels with the same constant."""
    candidates = fit_lines(requantization, low, 1, LINE_SHIFT_LOW)
    for line_low in islice(candidates, _CONSTANTS_TRIED):
        line_high = fit_line_through(
            requantization, high, HIGH_UNIT, LINE_SHIFT_HIGH, line_low.constant
        )
        if line_high is not None:
            return line_high, line_low
    return None


def _line_blocks(words: I32, pairs: I64, bias: I64, lines: list[tuple[Line, Line]]) -> I32:
    numbers = np.array(
        [
            (high.offset, low.offset, high.multiplier, low.multiplier, low.constant)
            for high, low in lines
        ],
        np.int64,
    )
    low_start = bias[pairs[:, 1]] + numbers[:, 1]
    high_start = HIGH_UNIT * bias[pairs[:, 0]] + numbers[:, 0] + low_start
    return _blocks(np.stack([high_start, low_start], axis=1), words, numbers[:, 2:])


def _blocks(starts: I64, words: I32, constants: I64) -> I32:
    blocks: I32 = np.concatenate([to_words(starts), words, to_words(constants)], axis=1)
    return blocks.reshape(-1)
