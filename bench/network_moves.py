"""Draw operators that move or repeat elements, with random valid attributes."""

import numpy as np

from bench.network_draw import Attribute, Draw, NothingFitsError, Recipe
from bench.network_windows import divisors


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
    divisor = draw.one_of(divisors(shape[index]))
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


MOVES: dict[str, Recipe] = {
    "blocks": _blocks,
    "resize": _resize,
    "concat": _concat,
    "split": _split,
    "slice": _slice,
    "pad": _pad,
    "transpose": _transpose,
    "reshape": _reshape,
    "flatten": _flatten,
    "unit_axes": _unit_axes,
    "repeat": _repeat,
    "gather": _gather,
}
"""Name -> adds one to a network."""
