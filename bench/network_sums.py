"""Draw reductions, softmax and products of matrices, with random valid attributes."""

from onnx import TensorProto

from bench.network_draw import Draw, Recipe
from bench.network_elementwise import broadcast, positive

REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip


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
        and broadcast(array.shape[:-2], shape[:-2])
    ]
    if not fitting:
        order = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
        fitting = [*draw.add("Transpose", [operand], perm=order)]
    draw.add("MatMul", [operand, draw.one_of(fitting)])


SUMS: dict[str, Recipe] = {
    "reduce": _reduce,
    "arg": _arg,
    "softmax": _softmax,
    "gemm": _gemm,
    "matmul": _matmul,
}
"""Name -> adds one to a network."""
