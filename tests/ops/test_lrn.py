"""Local response normalization: C to the bit, ONNX's attributes, what is refused."""

from collections.abc import Mapping

import numpy as np
import pytest
from tests.support.onnx_cases import import_proto, one_node_model
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, quantized_case

from cnnc.errors import CnncError
from cnnc.importer.data import from_storage, to_storage
from cnnc.ir.types import F32, Shape
from cnnc.ops._real_op import RealOp
from cnnc.ops.lrn import Lrn
from cnnc.quantize.float_reference import run_float


def case(name: str, op: Lrn, *shape: int) -> OpCase:
    return OpCase(name, op, (shape,), ((-3.0, 3.0),))


CASES = [
    case("alexnet", Lrn(2, 2, 0.0625, 1.0, 0.75), 1, 4, 3, 8),
    case("one_channel", Lrn(0, 0, 0.5, 2.0, 0.75), 2, 3, 1),
    case("root", Lrn(1, 2, 0.25, 1.0, 0.5), 2, 6),
    case("quotient", Lrn(1, 1, 0.25, 1.0, 1.0), 1, 2, 2, 2, 5),
    case("any_power", Lrn(1, 1, 0.25, 0.5, float(np.float32(0.3))), 1, 3, 3, 6),
    case("wider_than_there_are_channels", Lrn(2, 2, 0.25, 1.0, 0.75), 1, 2, 2, 3),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_it_stays_real_between_int8_layers() -> None:
    ops = [node.op for node in quantized_case(CASES[0], "double").nodes]
    (real,) = [op for op in ops if isinstance(op, RealOp)]
    assert real.reason == "a power of sums of squares is computed on real numbers"


@pytest.mark.parametrize("size", [1, 3, 5, 13])
@pytest.mark.parametrize("beta", [0.75, 0.5, 1.0, 0.6])
def test_reads_onnx(size: int, beta: float) -> None:
    attributes = {"size": size, "alpha": 0.3, "beta": beta, "bias": 1.5}
    check_onnx("LRN", attributes, [(2, 6, 3, 4)])


def test_defaults() -> None:
    model = check_onnx("LRN", {"size": 5}, [(1, 6, 3, 4)])
    (op,) = [node.op for node in model.nodes if isinstance(node.op, Lrn)]
    assert (op.before, op.after, op.bias, op.beta) == (2, 2, 1.0, 0.75)
    assert op.weight == pytest.approx(1e-4 / 5)


def _expected(x: F32, size: int) -> F32:
    """Compute the formula of the operator page for alpha 0.5, beta 0.75, bias 1; axis 1."""
    result = np.empty_like(x)
    for c in range(x.shape[1]):
        first, last = c - (size - 1) // 2, c + -(-(size - 1) // 2)
        squares = np.square(x[:, max(first, 0) : last + 1]).sum(axis=1)
        result[:, c] = x[:, c] / (1.0 + 0.5 / size * squares) ** 0.75
    return result


@pytest.mark.parametrize("size", [2, 4, 20])
@pytest.mark.parametrize("shape", [(2, 7), (1, 7, 3), (1, 7, 2, 3), (1, 7, 2, 1, 2)])
def test_what_onnx_runtime_does_not_take(size: int, shape: Shape) -> None:
    # It wants odd sizes and rank 4.
    proto = one_node_model("LRN", {"size": size, "alpha": 0.5}, [shape], 17, {})
    model = import_proto(proto)
    (source,), (result,) = model.inputs, model.outputs
    x: F32 = np.random.default_rng(0).normal(0.0, 2.0, shape).astype(np.float32)
    values = dict(run_float(model, {source.value: to_storage(source, x[np.newaxis])}))
    actual = from_storage(result, values[result.value])[0]
    np.testing.assert_allclose(actual, _expected(x, size), rtol=1e-5)


@pytest.mark.parametrize(
    ("attributes", "shape", "reason"),
    [
        ({"size": 0}, (1, 2, 3, 4), "size 0 must be at least 1"),
        ({"size": 3, "bias": 0.0}, (1, 2, 3, 4), "bias 0 must be positive"),
        ({"size": 3, "alpha": -1.0}, (1, 2, 3, 4), "alpha -1 not negative"),
        ({"size": 3}, (4,), "has no channel axis"),
    ],
)
def test_refusals(attributes: Mapping[str, float], shape: Shape, reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx("LRN", attributes, [shape])


def test_a_scalar_has_no_channels() -> None:
    with pytest.raises(CnncError, match="of a scalar"):
        Lrn(1, 1, 0.5, 1.0, 0.75).output_shape([()])


def test_int8_layers_around_it() -> None:
    check_case(CASES[0])
