"""Random layers for the kernels' fuzzer: shapes, weights, biases, scales, inputs at their limits.

A case is drawn from the kernel's name and one seed, so that the two are all that repeats it.
Numbers come from bench/fuzz_draw.py.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.fuzz_draw import Draw, draw_limits, draw_weighted, draw_weights
from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.errors import InternalError
from cnnc.ir.op import QuantOp
from cnnc.ir.types import I8, I64, Activation, AnyArray, Rounding, Shape, Window, elements
from cnnc.ops._lookup import QuantLookup
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.ops.add import QuantAdd
from cnnc.ops.average_pool import QuantAveragePool
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.depthwise_conv2d import QuantDepthwiseConv2d
from cnnc.ops.fully_connected import QuantFullyConnected
from cnnc.ops.max_pool import QuantMaxPool
from cnnc.ops.mean import QuantMean
from cnnc.ops.mul import QuantMul
from cnnc.ops.transpose import QuantTranspose
from cnnc.quantize.fixed_point import quantize_multiplier

_MOST_MACS = 300_000
_MOST_BYTES = 16_000
_SAMPLES = 9


@dataclass(frozen=True, eq=False)
class Layer:
    """One integer op with its operands.

    Attributes:
        op: What is computed.
        inputs: Shape of each operand.
    """

    op: QuantOp
    inputs: tuple[Shape, ...]

    @property
    def output(self) -> Shape:
        """Return the shape of the result."""
        return self.op.output_shape(self.inputs)


@dataclass(frozen=True, eq=False)
class FuzzCase:
    """A layer that a variant accepts.

    Attributes:
        kernel: Name of the variant.
        seed: What it was drawn from.
        layer: The op and its operands' shapes.
        rounding: How accumulators are scaled.
        lowering: The variant's answer.
        samples: int8 values of each operand, (S, *shape).
    """

    kernel: str
    seed: int
    layer: Layer
    rounding: Rounding
    lowering: Lowering
    samples: tuple[I8, ...]

    def __str__(self) -> str:
        return f"{self.kernel} {self.seed}: {describe(self.layer)}, {self.rounding} rounding"


@dataclass(frozen=True)
class Setting:
    """What else a variant's answer depends on.

    Attributes:
        rounding: How accumulators are scaled.
        instruction_sets: Those of the core.
    """

    rounding: Rounding
    instruction_sets: frozenset[str]


def case_of(
    variant: KernelVariant[QuantOp], seed: int, setting: Setting
) -> FuzzCase | Refusal | None:
    """Return the case of a seed, why the variant refuses it, or None where there is no such layer.

    Args:
        variant: For whom.
        seed: Any number.
        setting: Rounding and core.

    Raises:
        InternalError: The variant fails instead of answering; names the case.
    """
    generator = np.random.default_rng([seed, zlib.crc32(variant.kernel.encode())])
    draw = Draw(generator, variant.kernel)
    layer = _DRAWN[variant.op](draw)
    if layer is None or elements(layer.output) > _MOST_BYTES:
        return None
    if layer.op.macs(layer.inputs) > _MOST_MACS:
        return None
    answer = _answer(variant, layer, setting, seed)
    if isinstance(answer, Refusal):
        return answer
    samples = tuple(_samples(draw, layer, index) for index in range(len(layer.inputs)))
    return FuzzCase(variant.kernel, seed, layer, setting.rounding, answer, samples)


def _answer(
    variant: KernelVariant[QuantOp], layer: Layer, setting: Setting, seed: int
) -> Lowering | Refusal:
    site = LoweringSite(layer.inputs, layer.output, setting.instruction_sets, setting.rounding)
    try:
        return variant.lower(layer.op, site)
    except (ArithmeticError, LookupError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
        where = f"{variant.kernel} {seed}: {describe(layer)}, {setting.rounding} rounding"
        raise InternalError(f"{where}: {problem}") from error


def describe(layer: Layer) -> str:
    """Return what one needs to see of a layer, on one line."""
    op = layer.op
    fields = {name: value for name, value in vars(op).items() if _is_short(value)}
    shapes = " ".join("x".join(map(str, shape)) for shape in layer.inputs)
    if isinstance(op, QuantWeightedOp):
        fields["weights"] = op.weight.shape
        fields["multipliers"] = op.multipliers[:4].tolist()
        fields["shifts"] = op.shifts[:4].tolist()
        fields["bias"] = op.bias[:4].tolist()
    return f"{type(op).__name__} of {shapes}: {fields}"


def _is_short(value: object) -> bool:
    return not isinstance(value, np.ndarray)


def _conv2d(draw: Draw) -> Layer | None:
    found = _image_and_window(draw)
    if found is None:
        return None
    shape, window = found
    groups = draw.one(*(g for g in (1, 2, 3) if shape[3] % g == 0)) if draw.chance(0.03) else 1
    outputs = groups * draw.size(70 // groups)
    weight = draw_weights(
        draw, outputs, window.kernel_rows * window.kernel_cols * shape[3] // groups
    ).reshape(outputs, window.kernel_rows, window.kernel_cols, -1)
    op = QuantConv2d(**draw_weighted(draw, weight, 0), window=window, groups=groups)
    return Layer(op, (shape,))


def _depthwise(draw: Draw) -> Layer | None:
    found = _image_and_window(draw)
    if found is None:
        return None
    shape, window = found
    multiplier = draw.between(2, 3) if draw.chance(0.05) else 1
    outputs = shape[3] * multiplier
    rows = draw_weights(draw, outputs, window.kernel_rows * window.kernel_cols)
    weight = rows.T.reshape(window.kernel_rows, window.kernel_cols, outputs)
    fields = draw_weighted(draw, np.ascontiguousarray(weight), 2)
    return Layer(QuantDepthwiseConv2d(**fields, window=window, multiplier=multiplier), (shape,))


def _fully_connected(draw: Draw) -> Layer:
    rows = draw.one(1, 1, 2, 3, draw.size(9))
    depth, outputs = draw.size(draw.one(40, 300, 1200)), draw.size(70)
    op = QuantFullyConnected(**draw_weighted(draw, draw_weights(draw, outputs, depth), 0))
    return Layer(op, ((rows, depth),))


def _add(draw: Draw) -> Layer:
    shape = (draw.one(1, 1, 2), draw.size(9), draw.size(9), draw.size(70))
    first, second, result = (_real_scale(draw) for _ in range(3))
    twice = 2 * max(first, second)
    minimum, maximum, zero_point = draw_limits(draw)
    parts = [quantize_multiplier(scale / twice) for scale in (first, second)]
    output = quantize_multiplier(twice / (2**20 * result))
    op = QuantAdd(
        activation=Activation.NONE,
        minimum=minimum,
        maximum=maximum,
        first_zero_point=draw.int8(),
        first_multiplier=parts[0][0],
        first_shift=parts[0][1],
        second_zero_point=draw.int8(),
        second_multiplier=parts[1][0],
        second_shift=parts[1][1],
        output_zero_point=zero_point,
        output_multiplier=output[0],
        output_shift=output[1],
    )
    return Layer(op, (shape, shape))


def _mul(draw: Draw) -> Layer:
    shape = (draw.one(1, 1, 2), draw.size(9), draw.size(9), draw.size(70))
    minimum, maximum, zero_point = draw_limits(draw)
    multiplier, shift = quantize_multiplier(_real_scale(draw) / 100)
    op = QuantMul(
        activation=Activation.NONE,
        minimum=minimum,
        maximum=maximum,
        first_zero_point=draw.int8(),
        second_zero_point=draw.int8(),
        output_zero_point=zero_point,
        multiplier=multiplier,
        shift=shift,
    )
    return Layer(op, (shape, shape))


def _max_pool(draw: Draw) -> Layer | None:
    found = _image_and_window(draw)
    if found is None or not _reaches_image(*found):
        return None
    return Layer(QuantMaxPool(found[1]), (found[0],))


def _average_pool(draw: Draw) -> Layer | None:
    found = _image_and_window(draw)
    if found is None or not _reaches_image(*found):
        return None
    op = QuantAveragePool(found[1], draw.chance(0.5), (), draw.int8())
    return Layer(op, (found[0],))


def _reaches_image(shape: Shape, window: Window) -> bool:
    """Return whether every window has a pixel of the image under its taps."""
    rows, cols = window.output_size(shape[1], shape[2])
    starts = np.arange(rows) * window.stride_rows - window.pad_top
    row_taps = starts[:, np.newaxis] + np.arange(window.kernel_rows) * window.dilation_rows
    starts = np.arange(cols) * window.stride_cols - window.pad_left
    col_taps = starts[:, np.newaxis] + np.arange(window.kernel_cols) * window.dilation_cols
    in_rows = ((row_taps >= 0) & (row_taps < shape[1])).any(axis=1)
    in_cols = ((col_taps >= 0) & (col_taps < shape[2])).any(axis=1)
    return bool(in_rows.all() and in_cols.all())


def _mean(draw: Draw) -> Layer:
    shape = (draw.one(1, 1, 2), draw.size(12), draw.size(12), draw.size(70))
    axes = ((1, 2), (1,), (2,), (3,), (1, 2, 3))[draw.between(0, 4)]
    count = int(np.prod([shape[axis] for axis in axes]))
    multiplier, shift = quantize_multiplier(_real_scale(draw) / _real_scale(draw) / count)
    op = QuantMean(axes, draw.chance(0.5), draw.int8(), draw.int8(), multiplier, shift)
    return Layer(op, (shape,))


def _lookup(draw: Draw) -> Layer:
    table = draw.generator.integers(-128, 128, 256).astype(np.int8)
    return Layer(QuantLookup(table), ((draw.size(9), draw.size(300)),))


def _transpose(draw: Draw) -> Layer:
    shape = (draw.one(1, 2, 3), draw.size(20), draw.one(1, 2), draw.size(40))
    order = tuple(int(axis) for axis in draw.generator.permutation(len(shape)))
    return Layer(QuantTranspose(order), (shape,))


_DRAWN: dict[type[QuantOp], Callable[[Draw], Layer | None]] = {
    QuantConv2d: _conv2d,
    QuantDepthwiseConv2d: _depthwise,
    QuantFullyConnected: _fully_connected,
    QuantAdd: _add,
    QuantMul: _mul,
    QuantMaxPool: _max_pool,
    QuantAveragePool: _average_pool,
    QuantMean: _mean,
    QuantLookup: _lookup,
    QuantTranspose: _transpose,
}


def _real_scale(draw: Draw) -> float:
    """Return a power of two, for ties, or any scale around 1."""
    exponent = draw.between(-4, 4)
    return 2.0**exponent if draw.chance(0.3) else float(2 ** draw.generator.uniform(-4, 4))


def _image_and_window(draw: Draw) -> tuple[Shape, Window] | None:
    """Return an image and a window over it, or None where the window does not fit."""
    shape = (draw.one(1, 1, 1, 2), draw.size(33), draw.size(33), draw.size(70))
    kernel_rows, kernel_cols = _kernel_size(draw)
    plain = "winograd" in draw.kernel
    stride = 1 if plain else draw.one(1, 1, 2, 3)
    strides = (stride, stride) if draw.chance(0.8) or plain else (stride, draw.between(1, 3))
    loose = draw.chance(0.15) and not plain
    dilations = (draw.between(1, 3), draw.between(1, 3)) if loose else (1, 1)
    most = draw.one(0, 1, 1, max(kernel_rows, kernel_cols) + 3)
    top, bottom, left, right = (draw.between(0, most) for _ in range(4))
    if "1x1" in draw.kernel:
        top = bottom = left = right = 0
    window = Window(kernel_rows, kernel_cols, *strides, *dilations, top, bottom, left, right)
    fits = (
        shape[1] + top + bottom >= window.span_rows and shape[2] + left + right >= window.span_cols
    )
    return (shape, window) if fits and elements(shape) <= _MOST_BYTES else None


def _kernel_size(draw: Draw) -> tuple[int, int]:
    if "1x1" in draw.kernel:
        return 1, 1
    if "3x3" in draw.kernel or "winograd" in draw.kernel or draw.chance(0.4):
        return 3, 3
    if draw.chance(0.2):
        return 1, 1
    return draw.one(1, 2, 4, 5, 7, 10), draw.one(1, 2, 3, 4, 5, 7)


def _samples(draw: Draw, layer: Layer, operand: int) -> I8:
    """Return random samples, constant ones, alternating ones and those with the extreme sums."""
    shape, generator = layer.inputs[operand], draw.generator
    samples = generator.integers(-128, 128, (_SAMPLES, *shape)).astype(np.int8)
    samples[1], samples[2] = -128, 127
    samples[3] = getattr(layer.op, "input_zero_point", 0)
    parity = np.indices(shape).sum(axis=0) % 2
    samples[4], samples[5] = np.where(parity, -128, 127), np.where(parity, 127, -128)
    samples[6] = np.clip(generator.normal(samples[3].flat[0], 2, shape), -128, 127)
    if isinstance(layer.op, QuantWeightedOp):
        signs = _extreme_signs(draw, layer.op, shape)
        samples[7] = np.where(signs, 127, -128)
        samples[8] = np.where(signs, -128, 127)
    return samples


def _extreme_signs(draw: Draw, op: QuantWeightedOp, shape: Shape) -> AnyArray:
    """Return where the weights of an output channel are positive, its window laid side by side."""
    if isinstance(op, QuantDepthwiseConv2d):
        tile = op.weight[:, :, :: op.multiplier]
        return _laid_out(tile, op.window, shape) > 0
    row = op.weight[draw.between(0, len(op.weight) - 1)]
    if isinstance(op, QuantConv2d):
        return _laid_out(np.tile(row, (1, 1, op.groups)), op.window, shape) > 0
    return np.broadcast_to(row, shape) > 0


def _laid_out(tile: I8, window: Window, shape: Shape) -> I64:
    """Return weights [kernel_row][kernel_col][channel] repeated over an image, as padded."""
    rows = (np.arange(shape[1]) + window.pad_top) // window.dilation_rows % window.kernel_rows
    cols = (np.arange(shape[2]) + window.pad_left) // window.dilation_cols % window.kernel_cols
    return np.broadcast_to(tile[rows][:, cols], shape).astype(np.int64)


def drawable(operators: Sequence[type[QuantOp]]) -> bool:
    """Return whether there are random layers of all these operators."""
    return all(operator in _DRAWN for operator in operators)
