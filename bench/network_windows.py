"""Draw convolutions, pools and normalizations, with random valid attributes."""

from collections.abc import Sequence

from bench.network_draw import Attribute, Draw, NothingFitsError, Recipe


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
    group = draw.one_of([1, 1, 1, channels, draw.one_of(divisors(channels))])
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


def divisors(number: int) -> list[int]:
    """Return what divides a number, in order."""
    return [size for size in range(1, number + 1) if number % size == 0]


def _transposed(draw: Draw) -> None:
    operand = draw.pick(3, 5)
    channels = draw.shape(operand)[1]
    kernel = [draw.between(1, 3) for _ in draw.shape(operand)[2:]]
    group = draw.one_of([1, 1, draw.one_of(divisors(channels))])
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
        count = draw.one_of(divisors(shape[1]))
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


WINDOWS: dict[str, Recipe] = {
    "convolution": _convolution,
    "transposed": _transposed,
    "pool": _pool,
    "global_pool": _global_pool,
    "batch_norm": _batch_norm,
    "normalization": _normalization,
}
"""Name -> adds one to a network."""
