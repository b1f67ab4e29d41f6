"""3x3 taps on four channels at a time, two lines in a word, two taps in an instruction."""

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing.depthwise import (
    SCRATCH_WORDS,
    STRIP_CHANNELS,
    STRIP_SHIFT,
    TAPS,
    StripPlan,
    plan_strips,
    strip_weights,
    sum_range,
)
from cnnc.codegen.packing.proven_scale import ProvenScale, Rescaling, prove_scale
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I64
from cnnc.ops._requantize import weight_sums
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d
from cnnc.quantize.fixed_point import Arithmetic


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    refusal = _shape_refusal(op, site)
    if refusal is not None:
        return refusal
    plan = plan_strips(op.window, site.inputs[0], site.output)
    if plan is None:
        return Refusal("the image is too small for steps of two positions")
    bias = op.bias - op.input_zero_point * weight_sums(op.weight, 2)
    scale = _scale(op, bias, site)
    if not scale.proven.all():
        channel = int(np.argmin(scale.proven))
        return Refusal(
            f"no product and shift by {STRIP_SHIFT} gives the outputs of channel {channel} exactly"
        )
    return _lowering(op, site, plan, scale, bias)


def _shape_refusal(op: QuantDepthwiseConv2d, site: LoweringSite) -> Refusal | None:
    window = op.window
    if op.multiplier != 1:
        return Refusal(f"there are {op.multiplier} filters per channel")
    if (window.kernel_rows, window.kernel_cols) != (TAPS, TAPS):
        return Refusal(f"the kernel is {window.kernel_rows}x{window.kernel_cols}, not 3x3")
    if (window.stride_rows, window.stride_cols) not in ((1, 1), (2, 2)):
        return Refusal(f"the strides are {window.stride_rows} and {window.stride_cols}")
    if max(window.dilation_rows, window.dilation_cols) > 1:
        return Refusal("the taps are dilated")
    if site.inputs[0][3] < STRIP_CHANNELS:
        return Refusal(f"there are fewer than {STRIP_CHANNELS} channels")
    return None


def _scale(op: QuantDepthwiseConv2d, bias: I64, site: LoweringSite) -> ProvenScale:
    low, high = sum_range(op.weight, bias)
    rescaling = Rescaling(
        op.multipliers,
        op.shifts,
        op.output_zero_point,
        op.minimum,
        op.maximum,
        low,
        high,
        Arithmetic(site.rounding),
    )
    return prove_scale(rescaling, STRIP_SHIFT)


def _lowering(
    op: QuantDepthwiseConv2d, site: LoweringSite, plan: StripPlan, scale: ProvenScale, bias: I64
) -> Lowering:
    batch, _, _, channels = site.inputs[0]
    lines, positions = plan.lines, plan.positions
    scaled_bias = ((bias << scale.scales.astype(np.int64)) + scale.offsets).astype(np.int32)
    call = KernelCall(
        "depthwise_conv2d_3x3_s8_dsp",
        "depthwise_conv2d",
        {
            "batch": batch,
            "channels": channels,
            "stride": lines.stride,
            "input_lines": lines.inputs,
            "input_positions": positions.inputs,
            "input_line_step": lines.input_step,
            "input_position_step": positions.input_step,
            "output_lines": lines.outputs,
            "output_positions": positions.outputs,
            "output_line_step": lines.output_step,
            "output_position_step": positions.output_step,
            "pad_line": lines.pad,
            "pad_position": positions.pad,
            "block_positions": plan.block,
            "input_zero_point": op.input_zero_point,
            "addend": scale.addend,
            "double_rounding": int(site.rounding == "double"),
        },
        (
            InputArgument(0),
            ConstantArgument("weights", strip_weights(op.weight, plan), alignment=1),
            ConstantArgument("bias", scaled_bias),
            ConstantArgument("multipliers", scale.multipliers),
            ConstantArgument("shifts", scale.scales, alignment=1),
            OutputArgument(),
            ScratchArgument(),
        ),
    )
    return Lowering(
        calls=(call,),
        scratch_bytes=4 * SCRATCH_WORDS,
        instructions=batch * plan.instructions(channels),
    )


VARIANT = KernelVariant(
    kernel="depthwise_conv2d_3x3_s8_dsp",
    op=QuantDepthwiseConv2d,
    instruction_set="dsp",
    summary="3x3, stride 1 or 2, four channels at a time as halfwords, two taps an instruction.",
    lower=_lower,
)
