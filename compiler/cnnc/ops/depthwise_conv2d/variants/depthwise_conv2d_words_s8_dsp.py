"""Any taps on four channels at a time, one product an instruction."""

from dataclasses import replace

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing.depthwise import sum_range
from cnnc.codegen.packing.requantize_dsp import EXACT_UNIT_BITS, Exact, Requantization, fit_exact
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I32, I64
from cnnc.ops._requantize import weight_sums
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_CHANNELS = 4
_MAXIMUM_TAPS = 64
"""As many pointers are on the kernel's stack."""


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    batch, _, _, channels = site.inputs[0]
    taps = op.window.kernel_rows * op.window.kernel_cols
    if op.multiplier != 1:
        return Refusal(f"there are {op.multiplier} filters per channel")
    if channels < _CHANNELS:
        return Refusal(f"there are fewer than {_CHANNELS} channels")
    if taps > _MAXIMUM_TAPS:
        return Refusal(f"there are more than {_MAXIMUM_TAPS} taps")
    bias = op.bias - op.input_zero_point * weight_sums(op.weight, 2)
    exact = _exact(op, bias, site)
    if isinstance(exact, str):
        return Refusal(exact)
    (call,) = op.lower(site).calls
    parameters = {k: v for k, v in call.parameters.items() if k != "output_zero_point"}
    pixels = batch * site.output[1] * site.output[2]
    fours = -(-channels // _CHANNELS)
    changed = replace(
        call,
        kernel="depthwise_conv2d_words_s8_dsp",
        parameters={
            **parameters,
            "sign": exact.sign,
        },
        arguments=(
            InputArgument(0),
            ConstantArgument("weights", op.weight),
            ConstantArgument("channels", _records(exact, bias)),
            OutputArgument(),
            ScratchArgument(),
        ),
    )
    return Lowering(
        calls=(changed,),
        scratch_bytes=channels,
        instructions=pixels * (50 + 15 * taps + fours * (14 * taps + 120)),
    )


def _exact(op: QuantDepthwiseConv2d, bias: I64, site: LoweringSite) -> Exact | str:
    low, high = sum_range(op.weight, bias)
    return fit_exact(
        Requantization(
            op.multipliers.astype(np.int64),
            op.shifts.astype(np.int64),
            op.output_zero_point,
            op.minimum,
            op.maximum,
            site.rounding,
            low,
            high,
        )
    )


def _records(exact: Exact, bias: I64) -> I32:
    """Return [channels][4]: bias at the formula's unit, multiplier, constant, shift."""
    columns = (bias << EXACT_UNIT_BITS, exact.multipliers, exact.constants, exact.shifts)
    records: I32 = np.stack(columns, axis=1).astype(np.int32)
    return records


VARIANT = KernelVariant(
    kernel="depthwise_conv2d_words_s8_dsp",
    op=QuantDepthwiseConv2d,
    instruction_set="dsp",
    summary="Any window and activation, four channels at a time, one product an instruction.",
    lower=_lower,
)
