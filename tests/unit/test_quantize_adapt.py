"""Weights that are chosen so that int8 errors cancel."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from cnnc.importer.data import Samples, synthetic_samples
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp, WeightedOp
from cnnc.ir.types import F32, Activation, Shape, Window
from cnnc.ops.add import Add
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.mean import Mean
from cnnc.quantize.adapt import adapt_weights
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.compensate import OperandMoments, compensated_weights
from cnnc.quantize.quantize import quantize
from cnnc.quantize.sqnr import layer_sqnr

WINDOW = Window(3, 2, stride_rows=2, dilation_cols=2, pad_top=1, pad_right=2)
IMAGE: Shape = (2, 5, 6, 4)


def reals(seed: int, *shape: int) -> F32:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


LAYERS: tuple[tuple[WeightedOp, Shape], ...] = (
    (Conv2d(reals(0, 6, 3, 2, 4), reals(1, 6), Activation.NONE, WINDOW, 1), IMAGE),
    (Conv2d(reals(2, 6, 3, 2, 2), reals(3, 6), Activation.NONE, WINDOW, 2), IMAGE),
    (Conv2d(reals(4, 3, 1, 1, 4), reals(5, 3), Activation.NONE, Window(1, 1), 1), IMAGE),
    (DepthwiseConv2d(reals(6, 3, 2, 4), reals(7, 4), Activation.NONE, WINDOW, 1), IMAGE),
    (DepthwiseConv2d(reals(8, 3, 2, 12), reals(9, 12), Activation.NONE, WINDOW, 3), IMAGE),
    (FullyConnected(reals(10, 5, 7), reals(11, 5), Activation.NONE), (2, 7)),
)


@pytest.mark.parametrize(("op", "shape"), LAYERS)
def test_unfolded_layer_is_a_product_of_matrices(op: WeightedOp, shape: Shape) -> None:
    operand = reals(20, 3, *shape)
    rows = op.unfold(operand)
    product = np.matmul(rows, op.weight_matrix().transpose(0, 2, 1))
    joined = np.concatenate(list(product), axis=-1) + op.bias
    expected = op.evaluate([operand])
    np.testing.assert_allclose(joined.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("op", "shape"), LAYERS)
def test_weights_go_back_where_they_came_from(op: WeightedOp, shape: Shape) -> None:
    again = op.with_weights(op.weight_matrix(), op.bias + 1)
    assert type(again) is type(op)
    assert np.array_equal(again.weight, op.weight)
    np.testing.assert_allclose(
        again.evaluate([reals(21, 1, *shape)]),
        op.evaluate([reals(21, 1, *shape)]) + 1,
        rtol=1e-4,
        atol=1e-4,
    )


def moments_of(real: F32, int8: F32) -> OperandMoments:
    moments = OperandMoments.empty(real.shape[0], real.shape[2])
    half = real.shape[1] // 2
    moments.add(real[:, :half], int8[:, :half])
    moments.add(real[:, half:], int8[:, half:])
    return moments


def correlated(seed: int, groups: int, rows: int, taps: int) -> F32:
    """Return operands as images give them: most of their variance in a few directions."""
    mixing = reals(seed + 1, groups, 3, taps)
    signal: F32 = np.matmul(reals(seed, groups, rows, 3), mixing)
    noise: F32 = np.float32(0.05) * reals(seed + 2, groups, rows, taps)
    return signal + noise + np.float32(1)


def plainly_rounded(weight: F32) -> F32:
    scale = np.abs(weight).max(axis=2, keepdims=True) / 127
    rounded: F32 = (np.rint(weight / scale) * scale).astype(np.float32)
    return rounded


def test_rounding_errors_cancel() -> None:
    operand, weight, bias = correlated(30, 2, 4000, 40), reals(33, 2, 8, 40), reals(34, 16)
    found, found_bias = compensated_weights(weight, bias, moments_of(operand, operand))

    def error(candidate: F32, offset: F32) -> float:
        difference = np.matmul(operand, (candidate - weight).transpose(0, 2, 1)).astype(np.float64)
        return float(np.square(difference + offset.reshape(2, 1, 8)).mean())

    assert error(found, found_bias - bias) < 0.1 * error(
        plainly_rounded(weight), np.zeros(16, np.float32)
    )


def test_systematic_errors_of_the_operand_are_made_good() -> None:
    real, weight, bias = correlated(40, 1, 4000, 10), reals(43, 1, 4, 10), reals(44, 4)
    int8 = real * np.float32(0.9) + np.float32(0.3)  # as if a range had been too narrow
    found, found_bias = compensated_weights(weight, bias, moments_of(real, int8))
    wanted = np.matmul(real, weight.transpose(0, 2, 1)) + bias
    before = np.matmul(int8, weight.transpose(0, 2, 1)) + bias
    after = np.matmul(int8, found.transpose(0, 2, 1)) + found_bias
    assert np.square(after - wanted).mean() < 0.3 * np.square(before - wanted).mean()


def test_weights_lie_on_the_grid_that_quantization_finds() -> None:
    operand, weight = correlated(50, 3, 500, 9), reals(53, 3, 4, 9)
    found, _ = compensated_weights(weight, np.zeros(12, np.float32), moments_of(operand, operand))
    steps = found / (np.abs(found).max(axis=2, keepdims=True) / 127)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    assert np.abs(found).max() <= 1.1 * np.abs(weight).max()


@pytest.mark.parametrize(
    "operand",
    [np.zeros((1, 50, 6), np.float32), np.full((1, 50, 6), 3.0, np.float32), reals(60, 1, 2, 6)],
)
def test_operands_that_say_little_leave_the_weights_nearly_as_they_are(operand: F32) -> None:
    weight, bias = reals(61, 1, 4, 6), reals(62, 4)
    found, found_bias = compensated_weights(weight, bias, moments_of(operand, operand))
    step = np.abs(weight).max(axis=2, keepdims=True) / 127
    assert (np.abs(found - weight) <= 1.5 * step).all()
    shift = np.matmul(operand.mean(axis=1), (weight - found)[0].T)
    np.testing.assert_allclose(found_bias, bias + shift[0], atol=1e-4)


def test_channel_of_zeros_stays_zero() -> None:
    weight = reals(70, 1, 3, 5)
    weight[0, 1] = 0.0
    operand = correlated(71, 1, 100, 5)
    found, _ = compensated_weights(weight, np.zeros(3, np.float32), moments_of(operand, operand))
    assert np.isfinite(found).all()
    assert not found[0, 1].any()


def residual_network() -> FloatModel:
    """Return conv, depthwise, sum with the conv and with a constant, mean, fully connected."""
    ops: tuple[tuple[str, FloatOp, tuple[str, ...]], ...] = (
        (
            "a",
            Conv2d(reals(80, 8, 3, 3, 1), reals(81, 8), Activation.RELU, Window(3, 3), 1),
            ("x",),
        ),
        (
            "b",
            DepthwiseConv2d(
                reals(82, 3, 3, 8),
                reals(83, 8),
                Activation.NONE,
                Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1),
                1,
            ),
            ("a",),
        ),
        ("c", Add(Activation.RELU), ("a", "b")),
        ("d", Add(Activation.NONE), ("c", "k")),
        ("e", Mean((1, 2), keep_dims=False), ("d",)),
        ("f", FullyConnected(reals(84, 6, 8), reals(85, 6), Activation.NONE), ("e",)),
    )
    constants = {"k": reals(86, 1, 1, 1, 8)}
    shapes: dict[str, Shape] = {"x": (1, 8, 8, 1), "k": (1, 1, 1, 8)}
    nodes = []
    for output, op, inputs in ops:
        shapes[output] = op.output_shape([shapes[name] for name in inputs])
        nodes.append(FloatNode(f"node_{output}", op, inputs, output))
    return FloatModel(
        name="net",
        inputs=(Port("x", "x", (1, 1, 8, 8), (0, 2, 3, 1)),),
        outputs=(Port("f", "f", (1, 6), (0, 1)),),
        nodes=tuple(nodes),
        constants=constants,
        shapes=shapes,
    )


def test_adapted_network_is_closer_to_the_float_model() -> None:
    model = residual_network()
    samples = synthetic_samples(model.inputs, 100, 1)
    ranges = calibrate(model, samples)
    steps: list[tuple[int, int]] = []
    adapted = adapt_weights(model, ranges, samples, lambda done, total: steps.append((done, total)))
    unseen = synthetic_samples(model.inputs, 16, 2)
    before = layer_sqnr(model, quantize(model, ranges), unseen)
    after = layer_sqnr(model, quantize(adapted, ranges), unseen)
    assert after["f"] > before["f"]
    assert sum(after.values()) > sum(before.values())
    assert steps[-1] == (6, 6)
    assert [node.name for node in adapted.nodes] == [node.name for node in model.nodes]


def test_same_data_give_the_same_weights() -> None:
    model = residual_network()
    samples = synthetic_samples(model.inputs, 20, 1)
    ranges = calibrate(model, samples)
    first, second = (adapt_weights(model, ranges, samples) for _ in range(2))
    for left, right in zip(first.nodes, second.nodes, strict=True):
        if isinstance(left.op, WeightedOp) and isinstance(right.op, WeightedOp):
            assert np.array_equal(left.op.weight, right.op.weight)
            assert np.array_equal(left.op.bias, right.op.bias)


def test_inputs_of_several_samples_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    model = residual_network()
    seen: list[int] = []
    samples = synthetic_samples(model.inputs, 1000, 1)
    counted = _counting(samples, seen.append)
    monkeypatch.setattr("cnnc.quantize.adapt.LIVE_BYTES", 100_000)
    adapt_weights(model, calibrate(model, samples), counted)
    assert len(seen) == 1
    assert seen[0] < 20


def _counting(samples: Samples, record: Callable[[int], None]) -> Samples:
    def source(size: int) -> Iterator[dict[str, F32]]:
        for batch in samples.source(size):
            record(len(batch["x"]))
            yield batch

    return Samples(samples.count, None, source)
