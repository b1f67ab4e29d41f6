"""Weights, runs and costs of cnnc_pixel_pairs_armv6m.h: two pixels in a word.

A run of taps whose |w| add up to at most 255 keeps the sum of the lower pixel's products in
[-255 * 128, 255 * 128], so that both sums of a word can be told apart. The kernel finds the runs
by itself; this file knows how many it will find, and so its memory and its work.
"""

from collections.abc import Iterator

import numpy as np

from cnnc.ir.types import I8, I64

STRIDE = 16
"""Channels whose weights for one tap lie side by side."""
WORDS = 4
"""Words of a tap, two pixels each."""
PIXELS = 2 * WORDS
"""Pixels of a block."""
RUN_LIMIT = 255
LONGEST_RUN = 11


def channel_groups(channels: int) -> Iterator[tuple[int, int]]:
    """Yield (first channel, channels) of each group: 16, and at the end smaller powers of two."""
    first = 0
    while first < channels:
        count = min(STRIDE, 1 << ((channels - first).bit_length() - 1))
        yield first, count
        first += count


def fold_taps(channels: int, depth: int) -> int:
    """Return how many taps of a group lie in one column of its weights."""
    folds = STRIDE // channels
    return -(-depth // folds)


def interleaved(weight: I8) -> I8:
    """Return weights as the kernel reads them.

    Args:
        weight: [out_channels][taps].

    Returns:
        int8, flat: for each group 16 bytes per tap of a fold; what no tap fills is 0.
    """
    channels, depth = weight.shape
    packed = []
    for first, count in channel_groups(channels):
        taps = fold_taps(count, depth)
        folds = STRIDE // count
        padded = np.zeros((count, folds * taps), np.int8)
        padded[:, :depth] = weight[first : first + count]
        # [channel][fold][tap] -> [tap][fold][channel]
        packed.append(padded.reshape(count, folds, taps).transpose(2, 1, 0).reshape(-1))
    return np.concatenate(packed)


def run_counts(weight: I8) -> I64:
    """Return the number of runs of each channel.

    Args:
        weight: [out_channels][taps].
    """
    channels, depth = weight.shape
    magnitudes = np.abs(weight.astype(np.int64))
    counts = np.zeros(channels, np.int64)
    for first, count in channel_groups(channels):
        group = magnitudes[first : first + count]
        taps = fold_taps(count, depth)
        for begin in range(0, depth, taps):
            counts[first : first + count] += _runs(group[:, begin : begin + taps])
    return counts


def _runs(magnitudes: I64) -> I64:
    """Return the number of runs of each channel in one fold; [channels][taps] -> [channels]."""
    channels, taps = magnitudes.shape
    runs = np.ones(channels, np.int64)
    total = np.zeros(channels, np.int64)
    length = np.zeros(channels, np.int64)
    for tap in range(taps):
        total += magnitudes[:, tap]
        length += 1
        ended = (total > RUN_LIMIT) | (length > LONGEST_RUN)
        runs += ended
        total[ended] = magnitudes[ended, tap]
        length[ended] = 1
    return runs


def channel_instructions(
    runs: I64, depth: int, pairs: int, *, general: bool, has_multiply_add: bool
) -> int:
    """Return what all channels of one block of pixels execute.

    Args:
        runs: Of each channel.
        depth: Taps.
        pairs: Pairs of pixels in the block.
        general: Whether scaling is the longer one.
        has_multiply_add: Whether the core multiplies and adds in one instruction (Armv7-M).
    """
    total = int(runs.sum())
    if has_multiply_add:
        per_pair = 32 if general else 15
        return len(runs) * (6 * depth + 58 + per_pair * pairs) + 18 * total
    per_pair = 17 + 2 * (20 if general else 15)
    return len(runs) * (10 * depth + 50 + per_pair * pairs) + total * (8 + 4 * pairs)
