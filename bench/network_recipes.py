"""What networks are drawn from: each operator that cnnc reads, with random valid attributes."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from bench.network_draw import Attribute, Draw, NothingFitsError, Recipe

UNARY = (
    "Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Mish", "Neg", "Relu",
    "Round", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Tanh", "Dropout",
)  # fmt: skip
_NUMBERS: dict[str, tuple[str, ...]] = {
    "HardSigmoid": ("alpha", "beta"),
    "Selu": ("alpha", "gamma"),
    "Gelu": (),
}
SHAPED = ("Celu", "Elu", "Gelu", "HardSigmoid", "LeakyRelu", "Selu", "Swish", "ThresholdedRelu")
REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip


def _unary(draw: Draw) -> None:
    draw.add(draw.one_of(UNARY), [draw.pick()])


def _shaped(draw: Draw) -> None:
    operator = draw.one_of(SHAPED)
    chosen = {key: draw.uniform(0.1, 1.2) for key in _NUMBERS.get(operator, ("alpha",))}
    if operator == "Gelu" and draw.chance():
        draw.add(operator, [draw.pick()], approximate="tanh")
    else:
        draw.add(operator, [draw.pick()], **(chosen if draw.chance(0.7) else {}))


def positive(draw: Draw, least_rank: int = 0) -> str:
    """Add nodes after which no number is near zero; returns the value."""
    (magnitude,) = draw.add("Abs", [draw.pick(least_rank)])
    return draw.add("Add", [magnitude, draw.constant(draw.uniform(0.3, 1.0))])[0]


def _of_positive(draw: Draw) -> None:
    operator = draw.one_of(("Log", "Sqrt", "Reciprocal", "Div", "Pow"))
    operand = positive(draw)
    if operator == "Div":
        draw.add("Div", [_partner(draw, operand), operand])
    elif operator == "Pow":
        draw.add("Pow", [operand, draw.constant(draw.uniform(-2.0, 2.5))])
    else:
        draw.add(operator, [operand])


def _power(draw: Draw) -> None:
    draw.add("Pow", [draw.pick(), draw.constant(draw.one_of([1.0, 2.0, 3.0]))])


def _partner(draw: Draw, name: str) -> str:
    """Return another operand that broadcasts with a value: a value or a constant."""
    shape = draw.shape(name)
    fitting = [
        other
        for other, array in draw.values.items()
        if array.dtype.kind == "f" and _broadcast(array.shape, shape)
    ]
    if draw.chance(0.6):
        return draw.one_of(fitting)
    sizes = [draw.one_of([1, size]) for size in shape]
    begin = draw.below(len(shape) + 1)
    return draw.normal(*sizes[begin:])


def _broadcast(first: Sequence[int], second: Sequence[int]) -> bool:
    pairs = zip(reversed(first), reversed(second), strict=False)
    return all(a in (1, b) or b == 1 for a, b in pairs)


def _binary(draw: Draw) -> None:
    operand = draw.pick()
    operands = [operand, _partner(draw, operand)]
    draw.generator.shuffle(operands)
    draw.add(draw.one_of(("Add", "Add", "Mul", "Mul", "Sub")), operands)


def _extreme(draw: Draw) -> None:
    operand = draw.pick()
    more = [_partner(draw, operand) for _ in range(draw.between(0, 2))]
    draw.add(draw.one_of(("Max", "Min", "Sum")), [operand, *more])


def _divide(draw: Draw) -> None:
    operand = draw.pick()
    number = draw.generator.uniform(0.5, 3.0, draw.one_of([(), (1,), draw.shape(operand)[-1:]]))
    draw.add("Div", [operand, draw.constant(number)])


def _prelu(draw: Draw) -> None:
    operand = draw.pick(2)
    rank = len(draw.shape(operand))
    slope = draw.one_of([(1,), (draw.shape(operand)[1], *(1,) * (rank - 2))])
    draw.add("PRelu", [operand, draw.normal(*slope, scale=0.5)])


def _clip(draw: Draw) -> None:
    operand = draw.pick()
    low, high = draw.uniform(-2.0, 0.2), draw.uniform(0.3, 6.0)
    low, high = draw.one_of([(low, high), (0.0, 6.0), (0.0, high), (-1.0, 1.0)])
    if draw.opset < 11:
        draw.add("Clip", [operand], min=low, max=high)
        return
    bounds = [draw.constant(low), draw.constant(high)]
    draw.add("Clip", [operand, *draw.one_of([bounds, bounds[:1], ["", bounds[1]]])])


def _extents(draw: Draw, name: str, most: int = 3) -> list[int]:
    return [draw.between(1, min(most, size)) for size in draw.shape(name)[2:]]


def _steps(draw: Draw, axes: int) -> list[int]:
    return [draw.between(1, 3) if draw.chance(0.7) else 1 for _ in range(axes)]


def _window(
    draw: Draw, kernel: Sequence[int], steps: Sequence[int], *, dilated: bool
) -> dict[str, Attribute]:
    axes = len(kernel)
    chosen: dict[str, Attribute] = {"kernel_shape": list(kernel)}
    if max(steps) > 1 or draw.chance():
        chosen["strides"] = list(steps)
    if dilated and draw.chance(0.3):
        chosen["dilations"] = [draw.between(1, 2) for _ in range(axes)]
    if draw.chance(0.25):
        chosen["auto_pad"] = draw.one_of(("SAME_UPPER", "SAME_LOWER", "VALID"))
    elif draw.chance(0.6):
        chosen["pads"] = [draw.below(size) for size in (*kernel, *kernel)]
    return chosen


def _convolution(draw: Draw) -> None:
    operand = draw.pick(3, 5)
    channels = draw.shape(operand)[1]
    kernel = _extents(draw, operand)
    group = draw.one_of([1, 1, 1, channels, draw.one_of(_divisors(channels))])
    outputs = group * draw.between(1, 3)
    weight = draw.normal(outputs, channels // group, *kernel, scale=0.5)
    if draw.chance(0.3):
        # Channels that are constant, and channels that nobody reads.
        draw.constants[weight][draw.generator.random(outputs) < 0.4] = 0
        draw.constants[weight][:, draw.generator.random(channels // group) < 0.4] = 0
    bias = [draw.normal(outputs)] if draw.chance(0.7) else []
    draw.add(
        "Conv", [operand, weight, *bias], group=group,
        **_window(draw, kernel, _steps(draw, len(kernel)), dilated=True),
    )  # fmt: skip


def _divisors(number: int) -> list[int]:
    return [size for size in range(1, number + 1) if number % size == 0]


def _transposed(draw: Draw) -> None:
    operand = draw.pick(3, 5)
    channels = draw.shape(operand)[1]
    kernel = [draw.between(1, 3) for _ in draw.shape(operand)[2:]]
    group = draw.one_of([1, 1, draw.one_of(_divisors(channels))])
    outputs = draw.between(1, 3)
    bias = [draw.normal(group * outputs)] if draw.chance() else []
    steps = _steps(draw, len(kernel))
    window = _window(draw, kernel, steps, dilated=True)
    if draw.chance(0.2):
        window["output_padding"] = [draw.below(step) for step in steps]
    weight = draw.normal(channels, outputs, *kernel, scale=0.5)
    draw.add("ConvTranspose", [operand, weight, *bias], group=group, **window)


def _pool(draw: Draw) -> None:
    operand = draw.pick(3, 5)
    operator = draw.one_of(("MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool"))
    since = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[operator]
    kernel = _extents(draw, operand)
    steps = _steps(draw, len(kernel))
    chosen = _window(draw, kernel, steps, dilated=draw.opset >= since)
    if "auto_pad" in chosen and any(k < step for k, step in zip(kernel, steps, strict=True)):
        # ONNX Runtime pads by less than nothing there.
        raise NothingFitsError
    if draw.chance(0.3) and draw.opset >= (18 if operator == "LpPool" else 10):
        chosen["ceil_mode"] = 1
    if operator == "AveragePool" and draw.chance():
        chosen["count_include_pad"] = 1
    if operator == "LpPool" and draw.chance():
        chosen["p"] = draw.between(1, 3)
    draw.add(operator, [operand], **chosen)


def _global_pool(draw: Draw) -> None:
    operator = draw.one_of(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"))
    draw.add(operator, [draw.pick(3, 5)])


def _batch_norm(draw: Draw) -> None:
    operand = draw.pick(2, 5)
    channels = draw.shape(operand)[1]
    spread = draw.constant(draw.generator.uniform(0.3, 2.0, channels))
    others = [draw.normal(channels) for _ in range(3)]
    draw.add("BatchNormalization", [operand, *others, spread])


def _normalization(draw: Draw) -> None:
    names = ("InstanceNormalization", "LRN", "LayerNormalization", "GroupNormalization",
             "MeanVarianceNormalization", "RMSNormalization", "LpNormalization")  # fmt: skip
    operator = draw.one_of(names)
    operand = draw.pick(3, 5) if operator != "LpNormalization" else draw.pick(1, 5)
    shape = draw.shape(operand)
    if operator == "InstanceNormalization":
        draw.add(operator, [operand, draw.normal(shape[1]), draw.normal(shape[1])])
    elif operator == "LRN":
        draw.add(operator, [operand], size=draw.one_of([1, 3, 5]), alpha=draw.uniform(0.0, 0.5))
    elif operator == "GroupNormalization":
        count = draw.one_of(_divisors(shape[1]))
        size = shape[1] if draw.opset >= 21 else count
        draw.add(operator, [operand, draw.normal(size), draw.normal(size)], num_groups=count)
    elif operator == "MeanVarianceNormalization":
        axes = sorted(draw.generator.permutation(len(shape))[: draw.between(1, len(shape))])
        draw.add(operator, [operand], axes=[int(axis) for axis in axes])
    elif operator == "LpNormalization":
        draw.add(operator, [operand], axis=draw.axis(len(shape)), p=draw.between(1, 2))
    else:
        axis = draw.axis(len(shape))
        parameters = [draw.normal(*shape[axis:])]
        if operator == "LayerNormalization" and draw.chance():
            parameters.append(draw.normal(*shape[axis:]))
        draw.add(operator, [operand, *parameters], axis=axis)


def _blocks(draw: Draw) -> None:
    operand = draw.pick(4, 4)
    if draw.chance():
        draw.add("SpaceToDepth", [operand], blocksize=2)
    elif draw.opset >= 11:
        draw.add("DepthToSpace", [operand], blocksize=2, mode=draw.one_of(("DCR", "CRD")))
    else:
        draw.add("DepthToSpace", [operand], blocksize=2)


def _resize(draw: Draw) -> None:
    operand = draw.pick(3, 5)
    axes = len(draw.shape(operand)) - 2
    scales = [1.0, 1.0, *(draw.one_of([0.5, 1.0, 1.5, 2.0, 2.0, 3.0]) for _ in range(axes))]
    mode = draw.one_of(("nearest", "nearest", "linear", "cubic"))
    if draw.opset < 11:
        mode = draw.one_of(("nearest", "linear"))
        operator = "Upsample" if draw.opset < 10 else "Resize"
        if draw.opset < 9:
            draw.add(operator, [operand], mode=mode, scales=scales)
        else:
            draw.add(operator, [operand, draw.constant(scales)], mode=mode)
        return
    chosen: dict[str, Attribute] = {"mode": mode}
    modes = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    chosen["coordinate_transformation_mode"] = draw.one_of(modes)
    if mode == "nearest":
        chosen["nearest_mode"] = draw.one_of(
            ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
        )
    shape = draw.shape(operand)
    sizes = [*shape[:2], *(draw.between(1, 2 * size) for size in shape[2:])]
    roi = "" if draw.opset >= 13 else draw.constant([])
    tail = [draw.constant(scales)]
    if draw.chance():
        tail = ["" if draw.opset >= 13 else draw.constant([]), draw.integers(sizes)]
    draw.add("Resize", [operand, roi, *tail], **chosen)


def _concat(draw: Draw) -> None:
    operand = _movable(draw, 1)
    shape = draw.shape(operand)
    axis = draw.below(len(shape))
    fitting = [
        name
        for name, array in draw.values.items()
        if array.dtype == draw.values[operand].dtype
        and array.ndim == len(shape)
        and array.shape[:axis] == shape[:axis]
        and array.shape[axis + 1 :] == shape[axis + 1 :]
    ]
    parts = [operand, *(draw.one_of(fitting) for _ in range(draw.between(1, 2)))]
    if draw.chance(0.15) and draw.values[operand].dtype.kind == "f":
        parts.append(draw.normal(*shape))
    draw.generator.shuffle(parts)
    draw.add(
        "Concat", parts, axis=axis - len(shape) if draw.opset >= 11 and draw.chance() else axis
    )


def _split(draw: Draw) -> None:
    operand = _movable(draw, 1)
    shape = draw.shape(operand)
    axis = draw.below(len(shape))
    size = shape[axis]
    if size < 2:
        raise NothingFitsError
    first = draw.between(1, size - 1)
    if draw.opset < 13:
        draw.add("Split", [operand], 2, axis=axis, split=[first, size - first])
    else:
        draw.add("Split", [operand, draw.integers([first, size - first])], 2, axis=axis)


def _movable(draw: Draw, least_rank: int) -> str:
    """Return a value of real numbers or, where there are any, of integers."""
    kinds = {array.dtype.kind for array in draw.values.values()}
    kind = "i" if "i" in kinds and draw.chance() else "f"
    return draw.pick(least_rank, kind=kind)


def _slice(draw: Draw) -> None:
    operand = _movable(draw, 1)
    shape = draw.shape(operand)
    axes = sorted(int(i) for i in draw.generator.permutation(len(shape))[: draw.between(1, 3)])
    starts = [draw.below(shape[axis]) for axis in axes]
    ends = [
        draw.between(begin + 1, shape[axis] + 2) for begin, axis in zip(starts, axes, strict=True)
    ]
    if draw.opset < 10:
        draw.add("Slice", [operand], axes=axes, starts=starts, ends=ends)
        return
    steps = [draw.between(1, 2) for _ in axes]
    if draw.chance(0.2):
        starts[0], ends[0], steps[0] = -1, -shape[axes[0]] - 1, -1
    lists = (starts, ends, axes, steps)
    draw.add("Slice", [operand, *(draw.integers(numbers) for numbers in lists)])


def _pad(draw: Draw) -> None:
    operand = draw.pick(1)
    rank = len(draw.shape(operand))
    pads = [draw.one_of([0, 0, 1, 2]) for _ in range(2 * rank)]
    mode = draw.one_of(("constant", "constant", "edge", "reflect"))
    value = draw.one_of([0.0, draw.uniform(-1.0, 1.0)])
    if draw.opset < 11:
        draw.add("Pad", [operand], mode=mode, pads=pads, value=value)
    else:
        more = [draw.constant(value)] if draw.chance() and mode == "constant" else []
        draw.add("Pad", [operand, draw.integers(pads), *more], mode=mode)


def _transpose(draw: Draw) -> None:
    operand = _movable(draw, 2)
    order = draw.generator.permutation(len(draw.shape(operand)))
    draw.add("Transpose", [operand], perm=[int(axis) for axis in order])


def _reshape(draw: Draw) -> None:
    operand = draw.pick(1)
    shape = [*draw.shape(operand)]
    index = draw.below(len(shape))
    divisor = draw.one_of(_divisors(shape[index]))
    target = [*shape[:index], divisor, shape[index] // divisor, *shape[index + 1 :]]
    if len(shape) > 2 and draw.chance():
        target = [shape[0], shape[1] * shape[2], *shape[3:]]
    if draw.chance(0.4):
        target[draw.below(len(target))] = -1
    draw.add("Reshape", [operand, draw.integers(target)])


def _flatten(draw: Draw) -> None:
    operand = _movable(draw, 1)
    rank = len(draw.shape(operand))
    draw.add("Flatten", [operand], axis=draw.one_of([1, draw.below(rank + 1)]))


def _unit_axes(draw: Draw) -> None:
    operand = _movable(draw, 1)
    shape = draw.shape(operand)
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    operator, axes = "Unsqueeze", [draw.below(len(shape) + 1)]
    if ones and draw.chance(0.7):
        operator, axes = "Squeeze", [draw.one_of(ones)]
    if draw.opset < 13:
        draw.add(operator, [operand], axes=axes)
    else:
        draw.add(operator, [operand, draw.integers(axes)])


def _repeat(draw: Draw) -> None:
    operand = draw.pick(1, 5)
    shape = draw.shape(operand)
    if draw.chance():
        repeats = [draw.one_of([1, 1, 2, 3]) for _ in shape]
        draw.add("Tile", [operand, draw.integers(repeats)])
    else:
        sizes = [size if size > 1 else draw.between(1, 3) for size in shape]
        draw.add("Expand", [operand, draw.integers(draw.one_of([sizes, [2, *sizes]]))])


def _gather(draw: Draw) -> None:
    operand = _movable(draw, 1)
    axis = draw.axis(len(draw.shape(operand)))
    size = draw.shape(operand)[axis]
    shape = draw.one_of([(), (2,), (3,), (1,), (2, 2)])
    low = -size if draw.opset >= 11 else 0
    indices = draw.constant(draw.generator.integers(low, size, shape), np.int64)
    draw.add("Gather", [operand, indices], axis=axis)


def _reduce(draw: Draw) -> None:
    operator = draw.one_of(REDUCTIONS)
    operand = positive(draw, 1) if operator == "ReduceLogSum" else draw.pick(1)
    rank = len(draw.shape(operand))
    axes = sorted(int(i) for i in draw.generator.permutation(rank)[: draw.between(1, rank)])
    if draw.opset >= 11 and draw.chance(0.3):
        axes = [axis - rank for axis in axes]
    keepdims = draw.below(2)
    if draw.chance(0.1):
        draw.add(operator, [operand], keepdims=keepdims)
    elif draw.opset >= (13 if operator == "ReduceSum" else 18):
        draw.add(operator, [operand, draw.integers(axes)], keepdims=keepdims)
    else:
        draw.add(operator, [operand], axes=axes, keepdims=keepdims)


def _arg(draw: Draw) -> None:
    operand = draw.pick(1)
    axis = draw.axis(len(draw.shape(operand))) if draw.opset >= 11 else 0
    (found,) = draw.add(
        draw.one_of(("ArgMax", "ArgMin")), [operand], axis=axis, keepdims=draw.below(2)
    )
    if draw.chance():
        draw.add("Cast", [found], to=TensorProto.FLOAT)


def _cast(draw: Draw) -> None:
    operand = draw.pick()
    if draw.opset >= 15 and draw.chance():
        draw.add("CastLike", [operand, draw.constant(0)])
        return
    kind = draw.one_of([TensorProto.INT32, TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL])
    (found,) = draw.add("Cast", [operand], to=kind)
    if draw.chance(0.6):
        draw.add("Cast", [found], to=TensorProto.FLOAT)


def _softmax(draw: Draw) -> None:
    operand = draw.pick(1)
    rank = len(draw.shape(operand))
    axis = draw.axis(rank) if draw.opset >= 11 else draw.below(rank)
    operator = draw.one_of(("Softmax", "Softmax", "LogSoftmax", "Hardmax"))
    draw.add(operator, [operand], **({"axis": axis} if draw.chance(0.8) else {}))


def _gemm(draw: Draw) -> None:
    operand = draw.pick(2)
    if len(draw.shape(operand)) > 2:
        (operand,) = draw.add("Flatten", [operand])
    rows, depth = draw.shape(operand)
    outputs = draw.between(1, 6)
    transposed = {"transA": int(draw.chance(0.1)), "transB": draw.below(2)}
    if transposed["transA"]:
        rows, depth = depth, rows
    shape = (outputs, depth) if transposed["transB"] else (depth, outputs)
    bias = draw.normal(*draw.one_of([(outputs,), (1, outputs), (1,), (rows, outputs)]))
    scales = {"alpha": draw.uniform(0.5, 1.5), "beta": draw.uniform(0.5, 1.5)}
    draw.add(
        "Gemm", [operand, draw.normal(*shape, scale=0.3), bias], **transposed,
        **(scales if draw.chance(0.3) else {}),
    )  # fmt: skip


def _matmul(draw: Draw) -> None:
    operand = draw.pick(2, 5)
    shape = draw.shape(operand)
    if draw.chance(0.6):
        weight = draw.normal(shape[-1], draw.between(1, 5), scale=0.3)
        draw.add("MatMul", [operand, weight])
        return
    fitting = [
        name
        for name, array in draw.values.items()
        if array.dtype.kind == "f"
        and array.ndim >= 2
        and array.shape[-2] == shape[-1]
        and _broadcast(array.shape[:-2], shape[:-2])
    ]
    if not fitting:
        order = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        fitting = [*draw.add("Transpose", [operand], perm=order)]
    draw.add("MatMul", [operand, draw.one_of(fitting)])


def _pattern(draw: Draw) -> None:
    """Add what frameworks make of SiLU, HardSwish and a fused activation."""
    operand = draw.pick(2)
    which = draw.below(3)
    if which == 0:
        (gate,) = draw.add("Sigmoid", [operand])
        draw.add("Mul", [operand, gate])
    elif which == 1:
        (gate,) = draw.add("HardSigmoid", [operand], alpha=1 / 6, beta=0.5)
        draw.add("Mul", [gate, operand])
    else:
        (scaled,) = draw.add("Mul", [operand, draw.constant(draw.uniform(-2.0, 2.0))])
        draw.add("Relu", draw.add("Add", [scaled, draw.constant(draw.uniform(-1.0, 1.0))]))


QUANTIZABLE: tuple[Recipe, ...] = (
    _convolution, _convolution, _convolution, _pool, _global_pool, _gemm, _binary, _concat, _clip,
    _reshape, _flatten, _transpose, _matmul, _batch_norm, _softmax, _resize, _pad, _split,
)  # fmt: skip
"""What ONNX Runtime's quantizer knows, and what comes between."""

RECIPES: tuple[Recipe, ...] = (
    *QUANTIZABLE, _unary, _unary, _shaped, _of_positive, _power, _extreme, _divide, _prelu,
    _transposed, _normalization, _blocks, _slice, _unit_axes, _repeat, _gather, _reduce, _reduce,
    _arg, _cast, _pattern, _binary, _pool,
)  # fmt: skip
"""Every operator that cnnc reads."""
