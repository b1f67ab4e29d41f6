"""FullyConnected on Armv7E-M: pairs of output channels that share halfwords."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.pair_layers import (
    ROW_CHANNELS,
    PixelCount,
    Runs,
    pack_layer,
    pairs_call,
    pairs_instructions,
    pixel_parameters,
    row_lowering,
)
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    channels = len(op.weight)
    if channels < 2:
        return Refusal("it has a single output channel")
    if site.inputs[0][0] > 1 or channels < ROW_CHANNELS:
        return _lower_as_pixels(op, site)
    return row_lowering(op, site)


def _lower_as_pixels(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Compute rows as the pixels of a 1x1 convolution."""
    rows, depth = site.inputs[0]
    channels = len(op.weight)
    runs = Runs(kernel_rows=1, per_row=1, taps=1, channels=depth)
    packed = pack_layer(op, runs.order(op.weight), site)
    if isinstance(packed, str):
        return Refusal(packed)
    parameters = pixel_parameters(runs, rows, channels)
    return Lowering(
        calls=(pairs_call(parameters, packed, (op.minimum, op.maximum)),),
        scratch_bytes=runs.scratch_bytes,
        instructions=pairs_instructions(PixelCount(1, rows), channels, runs, packed),
    )


VARIANT = KernelVariant(
    kernel="fully_connected_pairs_s8_dsp",
    op=QuantFullyConnected,
    instruction_set="dsp",
    summary="Pairs of output channels whose weights share halfwords; several rows as pixels.",
    lower=_lower,
)
