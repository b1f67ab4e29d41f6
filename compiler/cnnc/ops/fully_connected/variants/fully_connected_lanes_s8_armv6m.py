"""Fully connected layer for Thumb-1: two channels share a multiplication where weights are small.

A run of taps whose |w| add up to at most 255 in each of four channels has sums of products within
16 bits, so that the two of a word can be told apart; the longer the runs, the better. Four channels
without such runs are computed one product at a time.
"""

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing.thumb_scaling import thumb_scaling
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8, I64
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

KERNEL = "fully_connected_lanes_s8_armv6m"
_LANES = 4
_RUN_LIMIT = 255
_LONGEST_RUN = 255
"""In fours of taps, stored as a byte."""
_OFFSET = 128
_WORD_BYTES = 4


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse weights without runs and sums that cannot be scaled."""
    scaling = thumb_scaling(op, site)
    if isinstance(scaling, Refusal):
        return scaling
    runs = run_lengths(op.weight)
    if not runs.any():
        return Refusal("the magnitudes of four weights add up to more than 255")
    rows, depth = site.inputs[0]
    fours = -(-depth // _LANES)
    parameters = {
        "rows": rows,
        "input_channels": depth,
        "padded_channels": _LANES * fours,
        "output_channels": len(op.weight),
        "minimum": op.minimum,
        "maximum": op.maximum,
        "sign_unit": scaling.sign_unit,
        "wide": int(scaling.wide),
    }
    arguments = (
        InputArgument(0),
        ConstantArgument("weights", _packed(op.weight)),
        ConstantArgument("runs", runs.astype(np.uint8), alignment=1),
        ConstantArgument("channels", scaling.channel_data),
        OutputArgument(),
        ScratchArgument(),
    )
    return Lowering(
        calls=(KernelCall(KERNEL, "fully_connected", parameters, arguments),),
        scratch_bytes=_WORD_BYTES * (_LANES * fours + fours + 1),
        instructions=rows * _instructions(op, site, runs, wide=scaling.wide),
    )


def run_lengths(weight: I8) -> I64:
    """Return the longest common run of each four channels, in fours of taps; 0 if there is none.

    Args:
        weight: [out_channels][taps].
    """
    magnitudes = np.abs(_padded(weight).astype(np.int64))
    quads = magnitudes.reshape(-1, _LANES, magnitudes.shape[1] // _LANES, _LANES).sum(axis=3)
    return np.array([_longest_run(quad) for quad in quads], np.int64)


def _longest_run(sums: I64) -> int:
    """Return the largest step whose blocks of columns all add up to at most 255."""
    columns = sums.shape[1]
    for length in range(min(columns, _LONGEST_RUN), 0, -1):
        blocks = np.add.reduceat(sums, np.arange(0, columns, length), axis=1)
        if blocks.max() <= _RUN_LIMIT:
            return length
    return 0


def _padded(weight: I8) -> npt.NDArray[np.int16]:
    """Return the weights with zeros up to multiples of four, int16 because of |-128|."""
    channels, taps = weight.shape
    padded = np.zeros((-(-channels // _LANES) * _LANES, -(-taps // _LANES) * _LANES), np.int16)
    padded[:channels, :taps] = weight
    return padded


def _packed(weight: I8) -> npt.NDArray[np.uint8]:
    """Return [channels / 4][tap][channel] of w + 128."""
    padded = _padded(weight) + _OFFSET
    quads = padded.reshape(len(padded) // _LANES, _LANES, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(quads).reshape(-1).astype(np.uint8)


def _instructions(op: QuantFullyConnected, site: LoweringSite, runs: I64, *, wide: bool) -> int:
    """Return what one vector executes."""
    depth = op.weight.shape[1]
    fours = -(-depth // _LANES)
    has_multiply_add = "armv7m" in site.instruction_sets
    per_four, per_output = (21, 28) if has_multiply_add else (39, 42 if wide else 36)
    ends = -(-fours // np.maximum(runs, 1))
    shared = np.where(runs > 0, per_four * fours + 40 * ends, 85 * fours)
    return int(shared.sum() + 100 * len(runs) + per_output * len(op.weight) + 9 * depth + 150)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantFullyConnected,
    instruction_set="armv6m",
    summary="Two channels share a multiplication, where the weights are small enough.",
    lower=_lower,
)
